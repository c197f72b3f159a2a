/** operations.md 3.49; lifecycle.md 3.8; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import {
  aliasArn,
  assertFails,
  assertValidation,
  insertKey,
  keyArn,
  lastRecord,
  MISSING_KEY_ID,
  newKey,
  resource,
} from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const update = (AliasName: string, TargetKeyId: string) => harness.call('UpdateAlias', { AliasName, TargetKeyId })
const aliasOf = async (name: string): Promise<Answer> =>
  (await harness.call('ListAliases', { Limit: 100 })).Aliases.find(({ AliasName }: Answer) => AliasName === name)

test('UpdateAlias points the alias at the new key; old ciphertexts stay readable (MAN-1, MAN-6)', async () => {
  const [old, next] = [await newKey(harness), await newKey(harness)]
  await harness.call('CreateAlias', { AliasName: 'alias/app', TargetKeyId: old.KeyId })
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId: 'alias/app', Plaintext: Buffer.from('x') })
  const created = await aliasOf('alias/app')
  harness.clock.advance(5_000)

  assert.equal(await update('alias/app', next.KeyId), undefined)

  assert.deepEqual(await aliasOf('alias/app'), {
    ...created,
    TargetKeyId: next.KeyId,
    LastUpdatedDate: created.CreationDate + 5,
  })
  const answer = await harness.call('Encrypt', { KeyId: 'alias/app', Plaintext: Buffer.from('x') })
  assert.equal(answer.KeyId, next.Arn)
  assert.equal((await harness.call('Decrypt', { CiphertextBlob })).KeyId, old.Arn)
  await assertFails(
    harness.call('Decrypt', { CiphertextBlob, KeyId: 'alias/app' }),
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  )
})

test('the same target again succeeds, even with 50 aliases', async () => {
  const { KeyId } = await newKey(harness)
  for (let index = 0; index < 50; index++) {
    await harness.call('CreateAlias', { AliasName: `alias/full-${index}`, TargetKeyId: KeyId })
  }
  assert.equal(await update('alias/full-0', KeyId), undefined)
  const other = await newKey(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/elsewhere', TargetKeyId: other.KeyId })
  await assertFails(
    update('alias/elsewhere', KeyId),
    'LimitExceededException',
    'Aliases per key quota for this account in this region is 50, current usage is 50.',
  )
})

test('alias and key must exist, the alias first', async () => {
  const { KeyId } = await newKey(harness)
  const text = `Alias ${aliasArn('alias/none')} is not found.`
  await assertFails(update('alias/none', KeyId), 'NotFoundException', text)
  await assertFails(update('alias/none', MISSING_KEY_ID), 'NotFoundException', text)
  await harness.call('CreateAlias', { AliasName: 'alias/known', TargetKeyId: KeyId })
  await assertFails(
    update('alias/known', MISSING_KEY_ID),
    'NotFoundException',
    `Key '${keyArn(MISSING_KEY_ID)}' does not exist`,
  )
})

test('usage and type of the two keys must be the same (MAN-2)', async () => {
  const symmetric = await newKey(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/kind', TargetKeyId: symmetric.KeyId })
  const signer = await insertKey(harness, { spec: 'RSA_2048', usage: 'SIGN_VERIFY' })
  await assertValidation(
    update('alias/kind', signer.keyId),
    'Alias alias/kind cannot be changed from a CMK with key usage ENCRYPT_DECRYPT to a CMK with key usage SIGN_VERIFY. ' +
      'The key usage of the current CMK and the new CMK must be the same.',
  )
  const rsa = await insertKey(harness, { spec: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' })
  await assertValidation(
    update('alias/kind', rsa.keyId),
    'Alias alias/kind cannot be changed from a CMK with key type SYMMETRIC to a CMK with key type ASYMMETRIC. ' +
      'The key type of the current CMK and the new CMK must be the same.',
  )
  assert.equal((await aliasOf('alias/kind')).TargetKeyId, symmetric.KeyId)
})

test('names are refused as in CreateAlias', async () => {
  const { KeyId } = await newKey(harness)
  await assertValidation(
    update('mine', KeyId),
    'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
  )
  await assertFails(update('alias/aws/s3', KeyId), 'NotAuthorizedException', undefined)
  await assertValidation(update('alias/a:b', KeyId), 'alias/a:b contains invalid characters for an alias')
  await assertValidation(update('alias/a', 'alias/b'), 'Aliases must refer to keys. Not aliases')
})

test('the audit record names the alias and its new key, as that of ct-updatealias does (audit.md 4.3)', async () => {
  const [old, next] = [await newKey(harness), await newKey(harness)]
  await harness.call('CreateAlias', { AliasName: 'alias/audited', TargetKeyId: old.KeyId })
  await update('alias/audited', next.KeyId)
  assert.deepEqual(lastRecord(harness), {
    eventName: 'UpdateAlias',
    readOnly: false,
    requestParameters: { aliasName: 'alias/audited', targetKeyId: next.KeyId },
    responseElements: { keyId: next.Arn },
    resources: [resource(aliasArn('alias/audited')), resource(next.Arn)],
  })
})
