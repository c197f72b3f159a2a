/** operations.md 3.31; lifecycle.md 4.4 to 4.6, 4.9; audit.md 4.3. */
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { operations } from '../../src/operations/index.ts'
import { type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import {
  type ImportParameters,
  importMaterial,
  NEVER,
  parametersFor,
  secondsFromNow,
  wrap,
} from '../support/imports.ts'
import { assertFails, assertValidation, constraint, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const HMAC = { KeySpec: 'HMAC_224', KeyUsage: 'GENERATE_VERIFY_MAC' }
const P256 = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
const NEW = { ...NEVER, ImportType: 'NEW_KEY_MATERIAL' }
const EXISTING = { ...NEVER, ImportType: 'EXISTING_KEY_MATERIAL' }

const externalKey = (body: object = {}) => newKey(harness, { ...body, Origin: 'EXTERNAL' })
const metadataOf = async (KeyId: string): Promise<Answer> => (await harness.call('DescribeKey', { KeyId })).KeyMetadata

/** Members of an import of `material` by `parameters`. */
function request(parameters: ImportParameters, material: Uint8Array, members: object = NEVER): object {
  const { KeyId, ImportToken } = parameters
  return { KeyId, ImportToken, EncryptedKeyMaterial: wrap(parameters, material), ...members }
}

const send = (body: object) => harness.call('ImportKeyMaterial', body)

/** CT-2, computed here from the specification. */
function materialId(material: Buffer, keyId: string, account = '111122223333'): string {
  return createHmac('sha256', material).update(`kms:key-material-id:v1\0${account}\0${keyId}`).digest('hex')
}

test('a first import makes the key work', async () => {
  const { KeyId, Arn } = await externalKey()
  const material = randomBytes(32)
  const id = materialId(material, KeyId)
  assert.deepEqual(await importMaterial(harness, KeyId, material), { KeyId: Arn, KeyMaterialId: id })
  const metadata = await metadataOf(KeyId)
  assert.equal(metadata.KeyState, 'Enabled')
  assert.equal(metadata.Enabled, true)
  assert.equal(metadata.CurrentKeyMaterialId, id)
  assert.equal(metadata.ExpirationModel, 'KEY_MATERIAL_DOES_NOT_EXPIRE')
  assert.ok(!('ValidTo' in metadata))
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('text') })
  const opened = await harness.call('Decrypt', { CiphertextBlob })
  assert.equal(Buffer.from(opened.Plaintext, 'base64').toString(), 'text')
  assert.equal(opened.KeyMaterialId, id)
})

test('an imported HMAC key is that key, and the answer names no material', async () => {
  const { KeyId, Arn } = await externalKey(HMAC)
  for (const length of [28, 128]) {
    const key = length === 28 ? { KeyId, Arn } : await externalKey(HMAC)
    const material = randomBytes(length)
    assert.deepEqual(await importMaterial(harness, key.KeyId, material), { KeyId: key.Arn })
    const Message = Buffer.from('message')
    const { Mac } = await harness.call('GenerateMac', { KeyId: key.KeyId, Message, MacAlgorithm: 'HMAC_SHA_224' })
    assert.equal(Mac, createHmac('sha224', material).update(Message).digest('base64'))
    assert.ok(!('CurrentKeyMaterialId' in (await metadataOf(key.KeyId))))
  }
})

test('an imported private key has its public key', async () => {
  const { KeyId, Arn } = await externalKey(P256)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const material = privateKey.export({ format: 'der', type: 'pkcs8' })
  assert.deepEqual(await importMaterial(harness, KeyId, material, NEVER, 'RSA_AES_KEY_WRAP_SHA_256'), { KeyId: Arn })
  const answer = await harness.call('GetPublicKey', { KeyId })
  assert.equal(answer.PublicKey, publicKey.export({ format: 'der', type: 'spki' }).toString('base64'))
})

test('the same material in two keys has two ids, and ciphertexts of one are not for the other (IMP-7)', async () => {
  const material = randomBytes(32)
  const [one, other] = [await externalKey(), await externalKey()]
  const first = await importMaterial(harness, one.KeyId, material)
  const second = await importMaterial(harness, other.KeyId, material)
  assert.notEqual(first.KeyMaterialId, second.KeyMaterialId)
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId: one.KeyId, Plaintext: Buffer.from('x') })
  await assertFails(
    harness.call('Decrypt', { CiphertextBlob, KeyId: other.KeyId }),
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  )
})

test('expiration: model and date go together, the date lies ahead, by less than 365 days', async () => {
  const { KeyId } = await externalKey()
  // Nothing is looked at before these: the token is none, the key may not even be there.
  const broken = { KeyId, ImportToken: Buffer.from('x'), EncryptedKeyMaterial: Buffer.from('x') }
  const day = 86_400
  for (const [members, text] of [
    [{}, 'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES'],
    [
      { ExpirationModel: 'KEY_MATERIAL_EXPIRES' },
      'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES',
    ],
    [
      { ...NEVER, ValidTo: secondsFromNow(harness, day) },
      'A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE',
    ],
    [{ ValidTo: secondsFromNow(harness, -1) }, 'ValidTo must be in the future'],
    [{ ValidTo: secondsFromNow(harness, 0) }, 'ValidTo must be in the future'],
    [{ ValidTo: secondsFromNow(harness, 365 * day + 1) }, 'ValidTo must be less than 365 days in the future'],
    [{ ValidTo: secondsFromNow(harness, 400 * day) }, 'ValidTo must be less than 365 days in the future'],
  ] as const) {
    await assertValidation(send({ ...broken, ...members }), text)
    await assertValidation(send({ ...broken, KeyId: 'none', ...members }), text)
  }
  const almost = { ValidTo: secondsFromNow(harness, 365 * day - 1) }
  assert.ok(await importMaterial(harness, KeyId, randomBytes(32), almost))
})

test('ValidTo is stored in whole seconds and shown in the metadata', async () => {
  const { KeyId } = await externalKey()
  const ValidTo = secondsFromNow(harness, 1000)
  await importMaterial(harness, KeyId, randomBytes(32), { ValidTo: ValidTo + 0.789 })
  const metadata = await metadataOf(KeyId)
  assert.equal(metadata.ValidTo, ValidTo)
  assert.equal(metadata.ExpirationModel, 'KEY_MATERIAL_EXPIRES')
})

test('the members for symmetric keys are refused elsewhere, by name', async () => {
  const parameters = await parametersFor(harness, (await externalKey(HMAC)).KeyId)
  for (const [members, member] of [
    [EXISTING, 'importType'],
    [NEW, 'importType'],
    [{ ...NEVER, KeyMaterialDescription: 'd' }, 'keyMaterialDescription'],
    [{ ...NEVER, KeyMaterialId: '0'.repeat(64) }, 'keyMaterialId'],
  ] as const) {
    await assertValidation(
      send(request(parameters, randomBytes(28), members)),
      `Input parameter ${member} cannot be used with HMAC_224 imported keys.`,
    )
  }
  assert.equal((await metadataOf(parameters.KeyId)).KeyState, 'PendingImport')
})

test('KeyMaterialId is not for new material, said or implied', async () => {
  const parameters = await parametersFor(harness, (await externalKey()).KeyId)
  const KeyMaterialId = materialId(randomBytes(32), parameters.KeyId)
  for (const members of [NEW, NEVER]) {
    await assertValidation(
      send(request(parameters, randomBytes(32), { ...members, KeyMaterialId })),
      'Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType.',
    )
  }
})

test('the model bounds description, id and enumerations', async () => {
  const { KeyId } = await externalKey()
  const broken = { KeyId, ImportToken: Buffer.from('x'), EncryptedKeyMaterial: Buffer.from('x') }
  for (const [members, path, rule] of [
    [
      { ImportType: 'OLD' },
      ['importType', "'OLD'"],
      'satisfy enum value set: [NEW_KEY_MATERIAL, EXISTING_KEY_MATERIAL]',
    ],
    [
      { ExpirationModel: 'SOON' },
      ['expirationModel', "'SOON'"],
      'satisfy enum value set: [KEY_MATERIAL_DOES_NOT_EXPIRE, KEY_MATERIAL_EXPIRES]',
    ],
    [
      { KeyMaterialId: 'G'.repeat(64) },
      ['keyMaterialId', `'${'G'.repeat(64)}'`],
      'satisfy regular expression pattern: ^[a-f0-9]+$',
    ],
    [{ KeyMaterialId: 'a' }, ['keyMaterialId', "'a'"], 'have length greater than or equal to 64'],
    [
      { KeyMaterialDescription: 'a'.repeat(257) },
      ['keyMaterialDescription', `'${'a'.repeat(257)}'`],
      'have length less than or equal to 256',
    ],
    [
      { KeyMaterialDescription: 'a;b' },
      ['keyMaterialDescription', "'a;b'"],
      'satisfy regular expression pattern: ^[a-zA-Z0-9:/_\\s.-]+$',
    ],
  ] as const) {
    await assertValidation(send({ ...broken, ...NEVER, ...members }), constraint(path[1], path[0], rule))
  }
})

/** The wrong answer, and nothing changed. */
async function assertUnchanged(KeyId: string, work: () => Promise<unknown>, code: string, text?: string) {
  const facts = await harness.store.findKey({ account: '111122223333', region: 'eu-central-1', keyId: KeyId })
  const materials = await materialsOf(KeyId)
  await assertFails(work(), code, text)
  const after = await harness.store.findKey({ account: '111122223333', region: 'eu-central-1', keyId: KeyId })
  assert.deepEqual(after, facts)
  assert.deepEqual(await materialsOf(KeyId), materials)
}

function materialsOf(keyId: string) {
  const name = { account: '111122223333', region: 'eu-central-1', keyId }
  return harness.store.listMaterials(name, { after: undefined, limit: 100 }, 'all')
}

test('a token that is altered, cut, made up or of another key, account or Region is none', async () => {
  const { KeyId } = await externalKey()
  const good = request(await parametersFor(harness, KeyId), randomBytes(32)) as { ImportToken: string }
  const bytes = Buffer.from(good.ImportToken, 'base64')
  const altered = [0, 1, 20, 40, bytes.length - 1].map((index) => {
    const copy = Buffer.from(bytes)
    copy[index]! ^= 1
    return copy
  })
  const foreign = await parametersFor(harness, (await externalKey()).KeyId)
  const ofOtherAccount = await harness.call('CreateKey', { Origin: 'EXTERNAL' }, { account: OTHER_ACCOUNT })
  const elsewhere = await harness.call(
    'GetParametersForImport',
    { KeyId: ofOtherAccount.KeyMetadata.KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
    { account: OTHER_ACCOUNT },
  )
  const tokens = [
    ...altered,
    bytes.subarray(0, 40),
    Buffer.concat([bytes, Buffer.of(0)]),
    Buffer.from('x'),
    randomBytes(2000),
  ]
  for (const ImportToken of [...tokens, foreign.ImportToken, elsewhere.ImportToken]) {
    await assertUnchanged(KeyId, () => send({ ...good, ImportToken }), 'InvalidImportTokenException')
  }
  assert.ok(await send(good))
})

test('no bytes are taken for a token, and none for material', async () => {
  const { KeyId } = await externalKey()
  const { ImportToken } = await parametersFor(harness, KeyId)
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 6144 }).map((array) => Buffer.from(array))
  await fc.assert(
    fc.asyncProperty(bytes, async (given) => {
      const body = { KeyId, EncryptedKeyMaterial: given, ...NEVER }
      await assertFails(send({ ...body, ImportToken: given }), 'InvalidImportTokenException', undefined)
      await assertFails(send({ ...body, ImportToken }), 'InvalidCiphertextException', undefined)
    }),
    { numRuns: 60 },
  )
  assert.equal((await metadataOf(KeyId)).KeyState, 'PendingImport')
})

test('a token is good for 24 hours to the millisecond', async () => {
  const { KeyId } = await externalKey()
  const material = randomBytes(32)
  const [late, inTime] = [await parametersFor(harness, KeyId), await parametersFor(harness, KeyId)]
  harness.clock.advance(86_400_000 - 1)
  await send(request(inTime, material))
  harness.clock.advance(1)
  await assertUnchanged(KeyId, () => send(request(late, material)), 'ExpiredImportTokenException')
  // Whose token it is comes before how old it is, and both before what is wrapped (IMP-47).
  const other = await externalKey()
  await assertUnchanged(
    other.KeyId,
    () => send({ ...request(late, material), KeyId: other.KeyId }),
    'InvalidImportTokenException',
  )
  const junk = { ...request(late, material), EncryptedKeyMaterial: randomBytes(256) }
  await assertUnchanged(KeyId, () => send(junk), 'ExpiredImportTokenException')
})

test('a token may be used again, an older one after a newer one, and a request be repeated (IMP-92)', async () => {
  const { KeyId } = await externalKey()
  const material = randomBytes(32)
  const [older, newer] = [await parametersFor(harness, KeyId), await parametersFor(harness, KeyId)]
  const body = request(newer, material)
  const answer = await send(body)
  assert.deepEqual(await send(body), answer)
  assert.deepEqual(await send(request(newer, material)), answer)
  assert.deepEqual(await send(request(older, material)), answer)
})

test('material that does not unwrap, or is none, is one error without a text', async () => {
  const symmetric = await parametersFor(harness, (await externalKey()).KeyId)
  const other = await parametersFor(harness, symmetric.KeyId)
  const hmac = await parametersFor(harness, (await externalKey(HMAC)).KeyId)
  const ecc = await parametersFor(harness, (await externalKey(P256)).KeyId, 'RSA_AES_KEY_WRAP_SHA_1')
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'der', type: 'pkcs8' })
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const good = p256.export({ format: 'der', type: 'pkcs8' })
  for (const [parameters, wrapped] of [
    [symmetric, wrap(symmetric, randomBytes(31))],
    [symmetric, wrap(symmetric, randomBytes(33))],
    [symmetric, wrap(symmetric, randomBytes(16))],
    [symmetric, wrap(symmetric, Buffer.alloc(0))],
    [symmetric, wrap(other, randomBytes(32))],
    [symmetric, wrap({ ...symmetric, algorithm: 'RSAES_OAEP_SHA_1' }, randomBytes(32))],
    [symmetric, wrap({ ...symmetric, algorithm: 'RSA_AES_KEY_WRAP_SHA_256' }, randomBytes(32))],
    [symmetric, randomBytes(256)],
    [symmetric, randomBytes(1)],
    [symmetric, randomBytes(6144)],
    [hmac, wrap(hmac, randomBytes(27))],
    [hmac, wrap(hmac, randomBytes(129))],
    [ecc, wrap(ecc, p384)],
    [ecc, wrap(ecc, p256.export({ format: 'der', type: 'sec1' }))],
    [ecc, wrap(ecc, randomBytes(138))],
    [ecc, wrap(ecc, Buffer.concat([good, Buffer.of(0)]))],
    [ecc, wrap(ecc, good).subarray(0, -8)],
    [ecc, wrap({ ...ecc, algorithm: 'RSA_AES_KEY_WRAP_SHA_256' }, good)],
  ] as const) {
    const { KeyId, ImportToken } = parameters
    const body = { KeyId, ImportToken, EncryptedKeyMaterial: wrapped, ...NEVER }
    await assertUnchanged(KeyId, () => send(body), 'InvalidCiphertextException')
  }
})

test('only the same material comes back to a symmetric key; the id expected is told', async () => {
  const { KeyId } = await externalKey()
  const material = randomBytes(32)
  const { KeyMaterialId } = await importMaterial(harness, KeyId, material)
  const wrong = (id: string) => `Imported key material does not have the expected identifier (${id}).`
  const importing = (bytes: Buffer, members: object) => () => importMaterial(harness, KeyId, bytes, members)
  const refused = 'IncorrectKeyMaterialException'
  await assertUnchanged(KeyId, importing(randomBytes(32), NEVER), refused, wrong(KeyMaterialId))
  await assertUnchanged(KeyId, importing(randomBytes(32), EXISTING), refused, wrong(KeyMaterialId))
  const other = '0'.repeat(64)
  await assertUnchanged(KeyId, importing(material, { ...EXISTING, KeyMaterialId: other }), refused, wrong(other))
  for (const members of [NEVER, EXISTING, { ...EXISTING, KeyMaterialId }, { ...NEVER, KeyMaterialId }]) {
    assert.equal((await importMaterial(harness, KeyId, material, members)).KeyMaterialId, KeyMaterialId)
  }
  await assertUnchanged(
    KeyId,
    importing(material, NEW),
    refused,
    `Key material (id: ${KeyMaterialId}) being imported as NEW_KEY_MATERIAL is already associated with KMS key ${(await metadataOf(KeyId)).Arn}.`,
  )
})

test('EXISTING_KEY_MATERIAL of a key that never had any is not what it has', async () => {
  const { KeyId } = await externalKey()
  await assertUnchanged(
    KeyId,
    () => importMaterial(harness, KeyId, randomBytes(32), EXISTING),
    'IncorrectKeyMaterialException',
    'Imported key material does not have the expected identifier (none).',
  )
})

test('asymmetric and HMAC keys take their first material again and no other (IMP-56, IMP-57)', async () => {
  const { KeyId } = await externalKey(HMAC)
  const material = randomBytes(40)
  await importMaterial(harness, KeyId, material)
  await importMaterial(harness, KeyId, material)
  await harness.call('DeleteImportedKeyMaterial', { KeyId })
  let message = ''
  await assert.rejects(importMaterial(harness, KeyId, randomBytes(40)), (error: Error & { code: string }) => {
    message = error.message
    return error.code === 'IncorrectKeyMaterialException'
  })
  const id = /^Imported key material does not have the expected identifier \(([0-9a-f]{64})\)\.$/.exec(message)?.[1]
  assert.ok(id, message)
  // No hash of the material that a reader could test guesses against.
  assert.notEqual(id, materialId(material, KeyId))
  assert.equal((await metadataOf(KeyId)).KeyState, 'PendingImport')
  await importMaterial(harness, KeyId, material)
  assert.equal((await metadataOf(KeyId)).KeyState, 'Enabled')
})

test('a private key is the same in BER and in DER', async () => {
  const { KeyId } = await externalKey(P256)
  const der = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'der', type: 'pkcs8' })
  // The outermost SEQUENCE with indefinite length.
  const ber = Buffer.concat([Buffer.from('3080', 'hex'), der.subarray(3), Buffer.alloc(2)])
  await importMaterial(harness, KeyId, der)
  assert.ok(await importMaterial(harness, KeyId, ber))
})

test('a second material waits for its rotation, alone, and leaves the current one alone (IMP-53, IMP-55)', async () => {
  const { KeyId, Arn } = await externalKey()
  const first = await importMaterial(harness, KeyId, randomBytes(32))
  const second = randomBytes(32)
  const pending = await importMaterial(harness, KeyId, second, { ...NEW, KeyMaterialDescription: 'the next one' })
  assert.equal(pending.KeyMaterialId, materialId(second, KeyId))
  assert.equal((await metadataOf(KeyId)).CurrentKeyMaterialId, first.KeyMaterialId)
  const states = (await materialsOf(KeyId)).map(({ materialId, state }) => [materialId, state])
  assert.deepEqual(states, [
    [first.KeyMaterialId, 'CURRENT'],
    [pending.KeyMaterialId, 'PENDING_ROTATION'],
  ])
  const third = randomBytes(32)
  const thirdId = materialId(third, KeyId)
  await assertUnchanged(
    KeyId,
    () => importMaterial(harness, KeyId, third, NEW),
    'KMSInvalidStateException',
    `New key material (id: ${thirdId}) cannot be imported into KMS key ${Arn}, because another key material (id: ${pending.KeyMaterialId}) is pending rotation.`,
  )
  // The pending one itself is known already.
  await assertUnchanged(
    KeyId,
    () => importMaterial(harness, KeyId, second, NEW),
    'IncorrectKeyMaterialException',
    `Key material (id: ${pending.KeyMaterialId}) being imported as NEW_KEY_MATERIAL is already associated with KMS key ${Arn}.`,
  )
  assert.ok(await importMaterial(harness, KeyId, second, EXISTING))
})

test('a description stays until another is given', async () => {
  const { KeyId } = await externalKey()
  const material = randomBytes(32)
  const descriptionAfter = async (members: object) => {
    await importMaterial(harness, KeyId, material, { ...NEVER, ...members })
    return (await materialsOf(KeyId))[0]!.imported!.description
  }
  assert.equal(
    await descriptionAfter({ KeyMaterialDescription: 'from: HSM_7/slot.1 - east' }),
    'from: HSM_7/slot.1 - east',
  )
  assert.equal(await descriptionAfter({}), 'from: HSM_7/slot.1 - east')
  await harness.call('DeleteImportedKeyMaterial', { KeyId })
  assert.equal(await descriptionAfter({}), 'from: HSM_7/slot.1 - east')
  assert.equal(await descriptionAfter({ KeyMaterialDescription: 'another' }), 'another')
})

test('an import after which nothing is missing enables a disabled key; one of a pending material does not (TR-8)', async () => {
  const { KeyId } = await externalKey()
  const material = randomBytes(32)
  await importMaterial(harness, KeyId, material)
  await harness.call('DisableKey', { KeyId })
  await importMaterial(harness, KeyId, randomBytes(32), NEW)
  assert.equal((await metadataOf(KeyId)).KeyState, 'Disabled')
  await importMaterial(harness, KeyId, material)
  assert.equal((await metadataOf(KeyId)).KeyState, 'Enabled')
})

test('importing again replaces the expiration, also by none (IMP-61)', async () => {
  const { KeyId } = await externalKey()
  const material = randomBytes(32)
  const ValidTo = secondsFromNow(harness, 1000)
  for (const [members, model, date] of [
    [{ ValidTo }, 'KEY_MATERIAL_EXPIRES', ValidTo],
    [{ ValidTo: ValidTo + 5 }, 'KEY_MATERIAL_EXPIRES', ValidTo + 5],
    [NEVER, 'KEY_MATERIAL_DOES_NOT_EXPIRE', undefined],
    [{ ValidTo, ExpirationModel: 'KEY_MATERIAL_EXPIRES' }, 'KEY_MATERIAL_EXPIRES', ValidTo],
  ] as const) {
    await importMaterial(harness, KeyId, material, members)
    const metadata = await metadataOf(KeyId)
    assert.deepEqual([metadata.ExpirationModel, metadata.ValidTo], [model, date])
  }
})

test('the expiration of a pending material is not the key’s, also when the current one comes again (CRE-20, IMP-5)', async () => {
  const { KeyId } = await externalKey()
  const material = randomBytes(32)
  const [soon, late] = [secondsFromNow(harness, 1000), secondsFromNow(harness, 2000)]
  await importMaterial(harness, KeyId, material)
  await importMaterial(harness, KeyId, randomBytes(32), { ValidTo: soon, ImportType: 'NEW_KEY_MATERIAL' })
  await importMaterial(harness, KeyId, material, { ValidTo: late })
  assert.equal((await metadataOf(KeyId)).ValidTo, late)
  await importMaterial(harness, KeyId, material)
  assert.equal((await metadataOf(KeyId)).ExpirationModel, 'KEY_MATERIAL_DOES_NOT_EXPIRE')
})

test('of two first imports at once one is the first; with the same material both are', async () => {
  const { KeyId } = await externalKey()
  const [one, other] = [randomBytes(32), randomBytes(32)]
  const outcomes = await Promise.allSettled([one, other].map((bytes) => importMaterial(harness, KeyId, bytes)))
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  const refused = outcomes.find((outcome) => outcome.status === 'rejected')
  assert.equal(refused?.reason.code, 'IncorrectKeyMaterialException')
  assert.equal((await materialsOf(KeyId)).length, 1)

  const same = await externalKey()
  const answers = await Promise.all([one, one, one].map((bytes) => importMaterial(harness, same.KeyId, bytes)))
  for (const answer of answers) assert.deepEqual(answer, answers[0])
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId: same.KeyId, Plaintext: Buffer.from('text') })
  harness.service.keyMaterials.clear()
  assert.ok(await harness.call('Decrypt', { CiphertextBlob }))
})

test('a key that is made here takes no material, whatever comes with the request', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const body = { KeyId, ImportToken: Buffer.from('x'), EncryptedKeyMaterial: Buffer.from('x'), ...NEVER }
  await assertFails(
    send(body),
    'UnsupportedOperationException',
    `${Arn} origin is AWS_KMS which is not valid for this operation.`,
  )
})

test('what was wrong before a parameter rule of the key comes first: state, then rule, then token', async () => {
  const { KeyId, Arn } = await externalKey(HMAC)
  const body = { KeyId, ImportToken: Buffer.from('x'), EncryptedKeyMaterial: Buffer.from('x'), ...EXISTING }
  await assertValidation(send(body), 'Input parameter importType cannot be used with HMAC_224 imported keys.')
  await harness.call('ScheduleKeyDeletion', { KeyId })
  await assertFails(send(body), 'KMSInvalidStateException', `${Arn} is pending deletion.`)
})

test('policies may ask for expiration model and date, as the request has them (authorization.md 3.2)', () => {
  const [use] = operations.get('ImportKeyMaterial')!.uses
  assert.ok(use?.on === 'key')
  assert.deepEqual(use.conditionKeys?.({ ...NEVER }, []), {
    'kms:ExpirationModel': 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    'kms:ValidTo': undefined,
  })
  // Milliseconds, as the input is read; seconds, as policies compare.
  assert.deepEqual(use.conditionKeys?.({ ValidTo: 1_786_401_507_900 }, []), {
    'kms:ExpirationModel': undefined,
    'kms:ValidTo': '1786401507',
  })
})

test('the record tells everything but token and material', async () => {
  const { KeyId, Arn } = await externalKey()
  const parameters = await parametersFor(harness, KeyId)
  const material = randomBytes(32)
  const members = {
    ValidTo: Date.UTC(2026, 7, 10, 22, 38, 27) / 1000,
    ExpirationModel: 'KEY_MATERIAL_EXPIRES',
    ImportType: 'NEW_KEY_MATERIAL',
    KeyMaterialDescription: 'ours',
  }
  const body = { ...request(parameters, material, members), KeyId } as { KeyId: string; EncryptedKeyMaterial: Buffer }
  await send(body)
  assert.deepEqual(lastRecord(harness), {
    eventName: 'ImportKeyMaterial',
    readOnly: false,
    requestParameters: {
      keyId: KeyId,
      validTo: 'Aug 10, 2026, 10:38:27 PM',
      expirationModel: 'KEY_MATERIAL_EXPIRES',
      importType: 'NEW_KEY_MATERIAL',
      keyMaterialDescription: 'ours',
    },
    responseElements: { keyId: Arn, keyMaterialId: materialId(material, KeyId) },
    resources: [resource(Arn)],
  })
  const secrets = [Buffer.from(parameters.ImportToken, 'base64'), body.EncryptedKeyMaterial, material]
  for (const line of harness.auditLines) {
    for (const secret of secrets) {
      assert.ok(!line.includes(secret.toString('base64')) && !line.includes(secret.toString('hex')), line)
    }
  }
})
