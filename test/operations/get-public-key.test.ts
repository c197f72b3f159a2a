/** operations.md 3.30, 4.1, 4.5, 5.2; audit.md 4.2. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import { isAsymmetric, KEY_KINDS, type KeyKind, PUBLIC_KEY_BYTES } from '../support/key-kinds.ts'
import {
  assertFails,
  assertValidation,
  grantTokenOf,
  lastRecord,
  moveTo,
  newKey,
  notVisible,
  resource,
} from './support.ts'

const ALGORITHMS_MEMBER: Readonly<Record<string, string>> = {
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  SIGN_VERIFY: 'SigningAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
}

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

function keyOf({ KeySpec, KeyUsage }: KeyKind): Promise<Answer> {
  return newKey(harness, { KeySpec, KeyUsage })
}

for (const kind of KEY_KINDS.filter(({ KeySpec }) => isAsymmetric(KeySpec))) {
  const { KeySpec, KeyUsage, algorithms } = kind
  test(`${KeySpec} for ${KeyUsage}: the public key as AWS encodes it, and one algorithm list`, async () => {
    const { KeyId, Arn } = await keyOf(kind)
    const answer = await harness.call('GetPublicKey', { KeyId })
    const { PublicKey, ...rest } = answer
    assert.deepEqual(rest, {
      KeyId: Arn,
      CustomerMasterKeySpec: KeySpec,
      KeySpec,
      KeyUsage,
      [ALGORITHMS_MEMBER[KeyUsage]!]: algorithms,
    })
    const spki = Buffer.from(PublicKey, 'base64')
    assert.equal(spki.length, PUBLIC_KEY_BYTES[KeySpec])
    // The one DER encoding, uncompressed and with a named curve: decoding and encoding gives the same bytes.
    const parsed = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    assert.deepEqual(parsed.export({ format: 'der', type: 'spki' }), spki)
    assert.deepEqual(await harness.call('GetPublicKey', { KeyId: Arn }), answer)
  })
}

test('RSA keys have the public exponent 65537', async () => {
  const { KeyId } = await newKey(harness, { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })
  const spki = Buffer.from((await harness.call('GetPublicKey', { KeyId })).PublicKey, 'base64')
  assert.equal(spki.subarray(-5).toString('hex'), '0203010001')
})

test('keys without a public half are refused without a text, in every state but PendingDeletion', async () => {
  for (const kind of KEY_KINDS.filter(({ KeySpec }) => !isAsymmetric(KeySpec))) {
    const { KeyId, Arn } = await keyOf(kind)
    const get = () => harness.call('GetPublicKey', { KeyId })
    await assertFails(get(), 'UnsupportedOperationException', undefined)
    await moveTo(harness, KeyId, 'Disabled')
    await assertFails(get(), 'UnsupportedOperationException', undefined)
    await moveTo(harness, KeyId, 'PendingDeletion')
    await assertFails(get(), 'KMSInvalidStateException', `${Arn} is pending deletion.`)
  }
})

test('a disabled key still shows its public half, one that is pending deletion does not', async () => {
  const { KeyId, Arn } = await newKey(harness, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  const enabled = await harness.call('GetPublicKey', { KeyId })
  await moveTo(harness, KeyId, 'Disabled')
  assert.deepEqual(await harness.call('GetPublicKey', { KeyId }), enabled)
  await moveTo(harness, KeyId, 'PendingDeletion')
  const work = harness.call('GetPublicKey', { KeyId })
  await assertFails(work, 'KMSInvalidStateException', `${Arn} is pending deletion.`)
  await harness.call('CancelKeyDeletion', { KeyId })
  assert.deepEqual(await harness.call('GetPublicKey', { KeyId }), enabled)
})

test("another account's key is not visible", async () => {
  const { Arn } = await newKey(harness, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  const work = harness.call('GetPublicKey', { KeyId: Arn }, { account: OTHER_ACCOUNT })
  await assertFails(work, 'AccessDeniedException', notVisible('kms:GetPublicKey'))
})

test('a key id is required; DryRun is no member here and is ignored', async () => {
  await assertValidation(
    harness.call('GetPublicKey'),
    "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null",
  )
  const { KeyId } = await newKey(harness, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })
  const GrantTokens = [await grantTokenOf(harness, KeyId)]
  assert.ok((await harness.call('GetPublicKey', { KeyId, DryRun: true, GrantTokens })).PublicKey)
})

test('the audit record names the key and does not hold the answer', async () => {
  const { KeyId, Arn } = await newKey(harness, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  await harness.call('GetPublicKey', { KeyId })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'GetPublicKey',
    readOnly: true,
    requestParameters: { keyId: KeyId },
    responseElements: null,
    resources: [resource(Arn)],
  })
})
