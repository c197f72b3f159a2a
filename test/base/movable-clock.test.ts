import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMovableClock } from '../../src/base/movable-clock.ts'
import { createTestClock } from '../support/test-clock.ts'

const START = Date.UTC(2026, 2, 1)

test('it goes on as real time does, from wherever it was moved to, and comes back', () => {
  const real = createTestClock(START)
  const clock = createMovableClock(real)
  assert.equal(clock.now(), START)
  clock.advance(1_000)
  clock.advance(-10)
  real.advance(5)
  assert.equal(clock.now(), START + 995)
  clock.set(0)
  real.advance(5)
  assert.equal(clock.now(), 5)
  clock.reset()
  assert.equal(clock.now(), START + 10)
})

test('times before 1970 and after 9999, and what is no whole millisecond, are refused and move nothing', () => {
  const clock = createMovableClock(createTestClock(START))
  const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
  for (const time of [-1, latest + 1, Number.NaN, Number.POSITIVE_INFINITY, 0.5]) {
    assert.throws(() => clock.set(time), RangeError)
    assert.throws(() => clock.advance(time - START), RangeError)
  }
  assert.equal(clock.now(), START)
  clock.set(latest)
  assert.equal(new Date(clock.now()).toISOString(), '9999-12-31T23:59:59.999Z')
})
