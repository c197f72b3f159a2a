/** The quota of custom key stores (keystores.md KS-7), and the warm path of keys in them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KmsError } from '../../src/base/errors.ts'
import { KEY_STORE_CALLS_PER_SECOND_MAX } from '../../src/base/limits.ts'
import { createRateCounter } from '../../src/domain/rate-counter.ts'

test('a store takes 1800 calls in a second, others next to it their own, and as many in the next', () => {
  let now = 5_000
  const counter = createRateCounter(() => now)
  const quota = { take: (store: string) => counter.take(store, KEY_STORE_CALLS_PER_SECOND_MAX) }
  for (let count = 0; count < 1800; count++) quota.take('one')
  assert.throws(
    () => quota.take('one'),
    (error) =>
      error instanceof KmsError &&
      error.code === 'ThrottlingException' &&
      error.text === 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
  )
  quota.take('another')
  now = 5_999
  assert.throws(() => quota.take('one'))
  now = 6_000
  quota.take('one')
})
