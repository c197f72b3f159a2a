/** operations.md 3.29; lifecycle.md 4.2, 4.9; audit.md 4.3. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { after, before, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT, START_TIME } from '../support/harness.ts'
import {
  assertFails,
  assertValidation,
  constraint,
  keyArn,
  lastRecord,
  MISSING_KEY_ID,
  memberNames,
  newKey,
  notVisible,
  resource,
} from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const EXTERNAL = { Origin: 'EXTERNAL' }
const QUICK = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
const parameters = (body: object) => harness.call('GetParametersForImport', body)

test('GetParametersForImport answers ARN, token, a public key of the size asked for, and a date 24 hours ahead', async () => {
  const { KeyId, Arn } = await newKey(harness, EXTERNAL)
  for (const [WrappingKeySpec, bits, bytes] of [
    ['RSA_2048', 2048, 294],
    ['RSA_3072', 3072, 422],
    ['RSA_4096', 4096, 550],
  ] as const) {
    const answer = await parameters({ KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec })
    assert.deepEqual(memberNames(answer), ['ImportToken', 'KeyId', 'ParametersValidTo', 'PublicKey'])
    assert.equal(answer.KeyId, Arn)
    assert.equal(answer.ParametersValidTo, (START_TIME + 86_400_000) / 1000)
    const spki = Buffer.from(answer.PublicKey, 'base64')
    assert.equal(spki.length, bytes)
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    assert.equal(asymmetricKeyType, 'rsa')
    assert.equal(asymmetricKeyDetails?.modulusLength, bits)
    const token = Buffer.from(answer.ImportToken, 'base64')
    assert.ok(token.length > 0 && token.length <= 6144, `${token.length} bytes`)
  }
})

test('every call has a wrapping key and a token of its own, and changes nothing', async () => {
  const { KeyId } = await newKey(harness, EXTERNAL)
  const [one, other] = [await parameters({ KeyId, ...QUICK }), await parameters({ KeyId, ...QUICK })]
  assert.notEqual(one.PublicKey, other.PublicKey)
  assert.notEqual(one.ImportToken, other.ImportToken)
  assert.equal((await harness.call('DescribeKey', { KeyId })).KeyMetadata.KeyState, 'PendingImport')
})

test('a key that is made here has no import, in whatever state it is (error 9 before the state)', async () => {
  const { KeyId, Arn } = await newKey(harness)
  const text = `${Arn} origin is AWS_KMS which is not valid for this operation.`
  await assertFails(parameters({ KeyId, ...QUICK }), 'UnsupportedOperationException', text)
  await harness.call('ScheduleKeyDeletion', { KeyId })
  await assertFails(parameters({ KeyId, ...QUICK }), 'UnsupportedOperationException', text)
})

test('combinations that cannot be used name algorithm, wrapping key spec and key spec', async () => {
  const kinds = {
    SYMMETRIC_DEFAULT: 'ENCRYPT_DECRYPT',
    HMAC_256: 'GENERATE_VERIFY_MAC',
    RSA_3072: 'SIGN_VERIFY',
    ECC_NIST_P521: 'SIGN_VERIFY',
    ECC_NIST_EDWARDS25519: 'SIGN_VERIFY',
  }
  for (const [KeySpec, WrappingAlgorithm, WrappingKeySpec] of [
    ['RSA_3072', 'RSAES_OAEP_SHA_256', 'RSA_2048'],
    ['RSA_3072', 'RSAES_OAEP_SHA_256', 'RSA_4096'],
    ['SYMMETRIC_DEFAULT', 'RSA_AES_KEY_WRAP_SHA_256', 'RSA_4096'],
    ['SYMMETRIC_DEFAULT', 'RSAES_PKCS1_V1_5', 'RSA_2048'],
    ['SYMMETRIC_DEFAULT', 'SM2PKE', 'SM2'],
    ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_256', 'SM2'],
    ['HMAC_256', 'RSA_AES_KEY_WRAP_SHA_1', 'RSA_2048'],
    ['ECC_NIST_P521', 'RSAES_OAEP_SHA_256', 'RSA_2048'],
    ['ECC_NIST_P521', 'RSAES_OAEP_SHA_1', 'RSA_2048'],
    ['ECC_NIST_EDWARDS25519', 'RSAES_OAEP_SHA_256', 'RSA_2048'],
  ] as const) {
    const { KeyId } = await newKey(harness, { ...EXTERNAL, KeySpec, KeyUsage: kinds[KeySpec] })
    await assertValidation(
      parameters({ KeyId, WrappingAlgorithm, WrappingKeySpec }),
      `Wrapping algorithm ${WrappingAlgorithm} and wrapping key spec ${WrappingKeySpec} cannot be used to import a ${KeySpec} key.`,
    )
  }
})

test('the enumerations print without the members of China', async () => {
  const { KeyId } = await newKey(harness, EXTERNAL)
  await assertValidation(
    parameters({ KeyId, WrappingAlgorithm: 'ROT13', WrappingKeySpec: 'RSA_2048' }),
    constraint(
      "'ROT13'",
      'wrappingAlgorithm',
      'satisfy enum value set: [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, RSA_AES_KEY_WRAP_SHA_1, RSA_AES_KEY_WRAP_SHA_256, RSAES_PKCS1_V1_5]',
    ),
  )
  await assertValidation(
    parameters({ KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_1024' }),
    constraint("'RSA_1024'", 'wrappingKeySpec', 'satisfy enum value set: [RSA_2048, RSA_3072, RSA_4096]'),
  )
})

test('all three members are required', async () => {
  const { KeyId } = await newKey(harness, EXTERNAL)
  const whole = { KeyId, ...QUICK }
  for (const [member, path] of [
    ['KeyId', 'keyId'],
    ['WrappingAlgorithm', 'wrappingAlgorithm'],
    ['WrappingKeySpec', 'wrappingKeySpec'],
  ] as const) {
    await assertValidation(parameters({ ...whole, [member]: undefined }), constraint('null', path, 'not be null'))
  }
})

test('a key that is not there, and one of another account', async () => {
  await assertFails(
    parameters({ KeyId: MISSING_KEY_ID, ...QUICK }),
    'NotFoundException',
    `Key '${keyArn(MISSING_KEY_ID)}' does not exist`,
  )
  const { Arn } = await newKey(harness, EXTERNAL)
  const foreign = harness.call('GetParametersForImport', { KeyId: Arn, ...QUICK }, { account: OTHER_ACCOUNT })
  await assertFails(foreign, 'AccessDeniedException', notVisible('kms:GetParametersForImport'))
})

test('an alias is no name for the key', async () => {
  const { KeyId } = await newKey(harness, EXTERNAL)
  await harness.call('CreateAlias', { AliasName: 'alias/for-import', TargetKeyId: KeyId })
  await assertFails(
    parameters({ KeyId: 'alias/for-import', ...QUICK }),
    'InvalidArnException',
    'Key Aliases are not supported for this operation.',
  )
})

test('the record names what was asked for, and neither token nor key', async () => {
  const { KeyId, Arn } = await newKey(harness, EXTERNAL)
  const answer = await parameters({ KeyId, ...QUICK })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'GetParametersForImport',
    readOnly: true,
    requestParameters: { keyId: KeyId, wrappingAlgorithm: 'RSAES_OAEP_SHA_256', wrappingKeySpec: 'RSA_2048' },
    responseElements: null,
    resources: [resource(Arn, ACCOUNT)],
  })
  for (const line of harness.auditLines) {
    assert.ok(!line.includes(answer.ImportToken) && !line.includes(answer.PublicKey))
  }
})
