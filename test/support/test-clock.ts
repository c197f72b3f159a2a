/** A clock that stands still until a test moves it. */
import type { Clock } from '../../src/base/clock.ts'

export interface TestClock extends Clock {
  advance(ms: number): void
  set(time: number): void
}

export function createTestClock(start: number): TestClock {
  let time = start
  return {
    now: () => time,
    advance(ms) {
      time += ms
    },
    set(to) {
      time = to
    },
  }
}
