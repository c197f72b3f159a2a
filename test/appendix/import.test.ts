/** lifecycle.md appendix B: imported key material. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { after, before, test } from 'node:test'
import { passDays, serviceEvents, stateOf } from '../operations/rotations.ts'
import { assertFails, newKey } from '../operations/support.ts'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { importMaterial, NEVER, parametersFor, secondsFromNow, wrap } from '../support/imports.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const DAY_SECONDS = 86_400
const MATERIAL = Buffer.alloc(32, 7)
const Plaintext = Buffer.from('x').toString('base64')

const keyWithoutMaterial = (facts: object = {}) => newKey(harness, { Origin: 'EXTERNAL', ...facts })

/** Metadata but for what material brings and takes. */
async function factsOf(KeyId: string): Promise<Answer> {
  const { KeyMetadata } = await harness.call('DescribeKey', { KeyId })
  const { KeyState, Enabled, ExpirationModel, ValidTo, ...facts } = KeyMetadata
  return facts
}

test('a key without material has its id and ARN and waits for it: B.2/15, B.2/16, B.2/18, B.5/16', async () => {
  const key = await keyWithoutMaterial()
  assert.match(key.Arn, new RegExp(`:key/${key.KeyId}$`))
  assert.deepEqual([key.Origin, key.KeyState, key.Enabled], ['EXTERNAL', 'PendingImport', false])
  await assertFails(
    harness.call('Encrypt', { KeyId: key.KeyId, Plaintext }),
    'KMSInvalidStateException',
    `${key.Arn} is pending import.`,
  )
})

test('symmetric, HMAC, RSA, ECC and Ed25519 keys take material, ML-DSA keys do not: B.1/2', async () => {
  const kinds: readonly [spec: string, usage: string, material: () => Buffer][] = [
    ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', () => MATERIAL],
    ['HMAC_256', 'GENERATE_VERIFY_MAC', () => MATERIAL],
    ['RSA_2048', 'SIGN_VERIFY', () => pkcs8(generateKeyPairSync('rsa', { modulusLength: 2048 }))],
    ['ECC_NIST_P256', 'SIGN_VERIFY', () => pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }))],
    ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', () => pkcs8(generateKeyPairSync('ed25519'))],
  ]
  for (const [KeySpec, KeyUsage, material] of kinds) {
    const { KeyId } = await keyWithoutMaterial({ KeySpec, KeyUsage })
    // A private key does not fit under RSA-OAEP alone.
    const isShort = material().length === 32
    const algorithm = isShort ? 'RSAES_OAEP_SHA_256' : 'RSA_AES_KEY_WRAP_SHA_256'
    await importMaterial(harness, KeyId, material(), NEVER, algorithm)
    assert.equal(await stateOf(harness, KeyId), 'Enabled')
  }
  await assertFails(
    keyWithoutMaterial({ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' }),
    'ValidationException',
    'KeySpec ML_DSA_44 is not supported for Origin EXTERNAL',
  )
})

function pkcs8({ privateKey }: { readonly privateKey: KeyObject }): Buffer {
  return privateKey.export({ format: 'der', type: 'pkcs8' })
}

test('wrapped under OAEP or RSA and AES key wrap, never PKCS #1 v1.5: B.1/3, B.2/19, B.2/20, B.2/23, B.5/18, B.5/20', async () => {
  const pair = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
  for (const [algorithm, facts, material] of [
    ['RSAES_OAEP_SHA_256', {}, MATERIAL],
    ['RSAES_OAEP_SHA_1', {}, MATERIAL],
    ['RSA_AES_KEY_WRAP_SHA_256', pair, pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }))],
    ['RSA_AES_KEY_WRAP_SHA_1', pair, pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }))],
  ] as const) {
    const { KeyId } = await keyWithoutMaterial(facts)
    await importMaterial(harness, KeyId, material, NEVER, algorithm)
    assert.equal(await stateOf(harness, KeyId), 'Enabled')
  }
  const { KeyId } = await keyWithoutMaterial()
  await assert.rejects(parametersFor(harness, KeyId, 'RSAES_PKCS1_V1_5'), { code: 'ValidationException' })
  // Bytes, not a text of them.
  await assert.rejects(importMaterial(harness, KeyId, Buffer.from(MATERIAL.toString('hex'))), {
    code: 'InvalidCiphertextException',
  })
})

test('wrapping key and token are good for 24 hours, then new ones are fetched: B.2/21, B.2/22, B.5/19', async () => {
  const { KeyId } = await keyWithoutMaterial()
  const parameters = await parametersFor(harness, KeyId)
  const { ParametersValidTo, ImportToken } = parameters as Answer
  assert.equal(ParametersValidTo, harness.clock.now() / 1000 + DAY_SECONDS)
  await passDays(harness, 1)
  const late = { KeyId, ImportToken, EncryptedKeyMaterial: wrap(parameters, MATERIAL), ...NEVER }
  await assertFails(harness.call('ImportKeyMaterial', late), 'ExpiredImportTokenException', undefined)
  await assert.rejects(harness.call('ImportKeyMaterial', { ...late, ImportToken: 'AAAA' }), {
    code: 'InvalidImportTokenException',
  })
  await importMaterial(harness, KeyId, MATERIAL)
  assert.equal(await stateOf(harness, KeyId), 'Enabled')
})

test('after the import the material belongs to the key, for ever or until a date: B.2/24, B.2/25, B.5/21', async () => {
  const lasting = await keyWithoutMaterial()
  await importMaterial(harness, lasting.KeyId, MATERIAL)
  const dated = await keyWithoutMaterial()
  const ValidTo = secondsFromNow(harness, 30 * DAY_SECONDS)
  await importMaterial(harness, dated.KeyId, MATERIAL, { ValidTo })
  const { KeyMetadata } = await harness.call('DescribeKey', { KeyId: dated.KeyId })
  assert.deepEqual([KeyMetadata.ExpirationModel, KeyMetadata.ValidTo], ['KEY_MATERIAL_EXPIRES', ValidTo])
  await passDays(harness, 3650)
  assert.equal(await stateOf(harness, lasting.KeyId), 'Enabled')
  assert.equal(await stateOf(harness, dated.KeyId), 'PendingImport')
})

test('at most 365 days ahead, at its end the material is deleted and only the key stays: B.1/5, B.2/26, B.5/24', async () => {
  const { KeyId, Arn } = await keyWithoutMaterial({ Description: 'mine' })
  await assert.rejects(
    importMaterial(harness, KeyId, MATERIAL, { ValidTo: secondsFromNow(harness, 366 * DAY_SECONDS) }),
    { code: 'ValidationException' },
  )
  await importMaterial(harness, KeyId, MATERIAL, { ValidTo: secondsFromNow(harness, 10 * DAY_SECONDS) })
  const facts = await factsOf(KeyId)
  await passDays(harness, 10)
  assert.equal(await stateOf(harness, KeyId), 'PendingImport')
  assert.deepEqual(await factsOf(KeyId), facts)
  assert.deepEqual(
    serviceEvents(harness, Arn).map(({ eventName }) => eventName),
    ['DeleteExpiredKeyMaterial'],
  )
})

test('expired or deleted, the same material can come back with a new date or none: B.1/4, B.1/6, B.1/7, B.1/11, B.1/12, B.5/22, B.5/30', async () => {
  const { KeyId } = await keyWithoutMaterial()
  await importMaterial(harness, KeyId, MATERIAL, { ValidTo: secondsFromNow(harness, DAY_SECONDS) })
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext })
  const facts = await factsOf(KeyId)
  await passDays(harness, 1)
  await assert.rejects(harness.call('Decrypt', { CiphertextBlob }), { code: 'KMSInvalidStateException' })
  await importMaterial(harness, KeyId, MATERIAL, { ValidTo: secondsFromNow(harness, DAY_SECONDS) })
  assert.equal((await harness.call('Decrypt', { CiphertextBlob })).Plaintext, Plaintext)
  await harness.call('DeleteImportedKeyMaterial', { KeyId })
  assert.equal(await stateOf(harness, KeyId), 'PendingImport')
  await importMaterial(harness, KeyId, MATERIAL)
  assert.equal((await harness.call('Decrypt', { CiphertextBlob })).Plaintext, Plaintext)
  assert.deepEqual(await factsOf(KeyId), facts)
})

test('a symmetric key can have several materials, one of them current, every other kind only its first: B.2/17, B.5/17', async () => {
  const { KeyId } = await keyWithoutMaterial()
  await importMaterial(harness, KeyId, MATERIAL)
  const other = Buffer.alloc(32, 8)
  await importMaterial(harness, KeyId, other, { ...NEVER, ImportType: 'NEW_KEY_MATERIAL' })
  await harness.call('RotateKeyOnDemand', { KeyId })
  const request = { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }
  const { Rotations } = await harness.call('ListKeyRotations', request)
  assert.deepEqual(
    Rotations.map(({ KeyMaterialState }: Answer) => KeyMaterialState),
    ['NON_CURRENT', 'CURRENT'],
  )
  const hmac = await keyWithoutMaterial({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  await importMaterial(harness, hmac.KeyId, MATERIAL)
  await assert.rejects(importMaterial(harness, hmac.KeyId, other), { code: 'IncorrectKeyMaterialException' })
})

test('material made here comes with the key and never expires: B.2/14, B.5/15, B.5/23', async () => {
  const key = await newKey(harness)
  assert.deepEqual([key.KeyState, key.Origin, 'ValidTo' in key], ['Enabled', 'AWS_KMS', false])
  assert.match(key.CurrentKeyMaterialId, /^[0-9a-f]{64}$/)
  const refused = `${key.Arn} origin is AWS_KMS which is not valid for this operation.`
  await assertFails(parametersFor(harness, key.KeyId), 'UnsupportedOperationException', refused)
  await assertFails(
    harness.call('DeleteImportedKeyMaterial', { KeyId: key.KeyId }),
    'UnsupportedOperationException',
    refused,
  )
  await passDays(harness, 10_000)
  assert.equal(await stateOf(harness, key.KeyId), 'Enabled')
})
