/** authorization.md 3.2, kms:TrailingDaysWithoutKeyUsage; lifecycle.md DEL-31. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trailingDaysWithoutUsage } from '../../src/domain/key-usage.ts'

const DAY_MS = 86_400_000
const day = (number: number) => number * DAY_MS
const days = (createdAt: number, lastUse: number | undefined, trackedSince: number, now: number) =>
  trailingDaysWithoutUsage({ createdAt }, lastUse === undefined ? undefined : { time: lastUse }, trackedSince, now)

test('whole days count, from the last use on', () => {
  assert.equal(days(day(1), day(10), day(0), day(10)), 0)
  assert.equal(days(day(1), day(10), day(0), day(11) - 1), 0)
  assert.equal(days(day(1), day(10), day(0), day(11)), 1)
  assert.equal(days(day(1), day(10), day(0), day(40.9)), 30)
})

test('without a use they count from creation, or from the start of tracking if that came later', () => {
  assert.equal(days(day(20), undefined, day(5), day(30)), 10)
  assert.equal(days(day(1), undefined, day(5), day(30)), 25)
})

test('a use that tracking knows of counts, however early it was', () => {
  assert.equal(days(day(1), day(2), day(5), day(30)), 28)
})

test('a use in the future, by a clock that is ahead, is one of today', () => {
  assert.equal(days(day(1), day(10) + 50, day(0), day(10)), 0)
})
