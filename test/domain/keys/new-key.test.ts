/** operations.md 7.1, 7.3; lifecycle.md CRE-5. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandomSource } from '../../../src/crypto/random.ts'
import { checkKeyQuota, newKeyId } from '../../../src/domain/keys/new-key.ts'
import { createQuotas } from '../../../src/domain/quotas.ts'
import type { Change } from '../../../src/domain/store.ts'

/** 100,000 rows would take longer than all other tests together. */
function changeWithKeys(count: number): Change {
  return { countKeys: async () => count } as unknown as Change
}

test('the key that would be number 100,001 is refused, in the words of AWS', async () => {
  await checkKeyQuota(changeWithKeys(99_999), '111122223333', 'eu-central-1', createQuotas())
  await assert.rejects(checkKeyQuota(changeWithKeys(100_000), '111122223333', 'eu-central-1', createQuotas()), {
    code: 'LimitExceededException',
    text: 'Key quota for this account in this region is 100000 but the current usage is 100000.',
  })
})

test('the id of a multi-Region key can be told from its prefix', () => {
  const random = createRandomSource()
  assert.match(newKeyId(random, false), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.match(newKeyId(random, true), /^mrk-[0-9a-f]{32}$/)
})
