/** A clock for development and tests: it goes on as time does, from wherever it was moved to. */
import { type Clock, systemClock } from './clock.ts'

/** Years have four digits in every text that is made of a time. */
const LATEST = Date.UTC(10_000, 0, 1) - 1

export interface MovableClock extends Clock {
  /** Whole milliseconds; back if negative. @throws {RangeError} if the time would lie before 1970 or after 9999. */
  advance(ms: number): void
  /** Milliseconds since the epoch. @throws {RangeError} as {@link advance}. */
  set(time: number): void
  /** Back to real time. */
  reset(): void
}

/** What development mode offers for it: each move resolves when timed work has caught up with the new time. */
export interface ClockControl {
  now(): number
  advance(ms: number): Promise<void>
  set(time: number): Promise<void>
  reset(): Promise<void>
}

export function createMovableClock(real: Clock = systemClock): MovableClock {
  let offset = 0

  function moveTo(time: number): void {
    if (!Number.isSafeInteger(time) || time < 0 || time > LATEST) {
      throw new RangeError('the clock can be moved to any time from 1970 to 9999')
    }
    offset = time - real.now()
  }

  const clock: MovableClock = {
    now: () => real.now() + offset,
    advance: (ms) => moveTo(clock.now() + ms),
    set: moveTo,
    reset() {
      offset = 0
    },
  }
  return clock
}
