/** operations.md 3.13, section 6; audit.md 4.2. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { aliasArn, grantTokenOf, insertKey, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
let key: Answer
before(async () => {
  harness = await createHarness()
  key = await newKey(harness, { Description: 'mine' })
  await harness.call('CreateAlias', { AliasName: 'alias/mine', TargetKeyId: key.KeyId })
})
after(() => harness.close())

const describeKey = async (KeyId: string) => (await harness.call('DescribeKey', { KeyId })).KeyMetadata

test('DescribeKey answers what CreateKey answered, however the key is named', async () => {
  for (const KeyId of [key.KeyId, key.Arn, 'alias/mine', aliasArn('alias/mine')]) {
    assert.deepEqual(await describeKey(KeyId), key)
  }
})

test('a disabled key is not Enabled', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('DisableKey', { KeyId })
  const { Enabled, KeyState } = await describeKey(KeyId)
  assert.deepEqual({ Enabled, KeyState }, { Enabled: false, KeyState: 'Disabled' })
})

test('the deletion date shows while the deletion is pending, and only then', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  const pending = await describeKey(KeyId)
  const { Enabled, KeyState, DeletionDate } = pending
  assert.deepEqual(
    { Enabled, KeyState, DeletionDate },
    { Enabled: false, KeyState: 'PendingDeletion', DeletionDate: 1772366400.123 + 7 * 86_400 },
  )
  assert.equal('PendingDeletionWindowInDays' in pending, false)
  assert.deepEqual(Object.keys(pending).slice(7, 10), ['KeyState', 'DeletionDate', 'Origin'])
  await harness.call('CancelKeyDeletion', { KeyId })
  assert.equal('DeletionDate' in (await describeKey(KeyId)), false)
})

test('each kind of key lists its algorithms in its own member, and only symmetric ones their material', async () => {
  const kinds = [
    ['RSA_2048', 'ENCRYPT_DECRYPT', 'EncryptionAlgorithms', ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']],
    ['ECC_NIST_P384', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_384']],
    ['ECC_NIST_P256', 'KEY_AGREEMENT', 'KeyAgreementAlgorithms', ['ECDH']],
    ['HMAC_512', 'GENERATE_VERIFY_MAC', 'MacAlgorithms', ['HMAC_SHA_512']],
  ] as const
  for (const [spec, usage, member, algorithms] of kinds) {
    const { keyId } = await insertKey(harness, { spec, usage })
    const metadata = await describeKey(keyId)
    assert.deepEqual(metadata[member], algorithms)
    assert.equal(Object.keys(metadata).filter((name) => name.endsWith('Algorithms')).length, 1)
    assert.equal('CurrentKeyMaterialId' in metadata, false)
  }
})

test('the audit record holds the key as it was named, without grant tokens', async () => {
  const GrantTokens = [await grantTokenOf(harness, key.KeyId)]
  await harness.call('DescribeKey', { KeyId: 'alias/mine', GrantTokens })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'DescribeKey',
    readOnly: true,
    requestParameters: { keyId: 'alias/mine' },
    responseElements: null,
    resources: [resource(key.Arn)],
  })
})
