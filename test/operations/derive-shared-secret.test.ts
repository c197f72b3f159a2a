/** operations.md 3.11, 4.7; audit.md 4.1. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { kindsFor, PRINTED, PUBLIC_KEY_BYTES } from '../support/key-kinds.ts'
import { testMaterialRules } from './material-rules.ts'
import { assertFails, assertValidation, constraint, DRY_RUN, memberNames, newKey } from './support.ts'

/** operations.md 4.7; SM2's field has 256 bits. */
const SECRET_BYTES: Readonly<Record<string, number>> = {
  ECC_NIST_P256: 32,
  ECC_NIST_P384: 48,
  ECC_NIST_P521: 66,
  SM2: 32,
}
const BAD_PEER = ['ValidationException', undefined] as const

let harness: Harness
/** Two of each spec. */
let keys: ReadonlyMap<string, readonly [Answer, Answer]>
before(async () => {
  harness = await createHarness()
  const made = kindsFor('KEY_AGREEMENT').map(async ({ KeySpec }) => [
    KeySpec,
    await Promise.all([agreementKey(KeySpec), agreementKey(KeySpec)]),
  ])
  keys = new Map((await Promise.all(made)) as [string, [Answer, Answer]][])
})
after(() => harness.close())

function agreementKey(KeySpec: string): Promise<Answer> {
  return newKey(harness, { KeySpec, KeyUsage: 'KEY_AGREEMENT' })
}

async function publicKeyOf({ KeyId }: Answer): Promise<Buffer> {
  return Buffer.from((await harness.call('GetPublicKey', { KeyId })).PublicKey, 'base64')
}

const derive = (key: Answer, PublicKey: Buffer | string, more: object = {}) =>
  harness.call('DeriveSharedSecret', { KeyId: key.KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey, ...more })

testMaterialRules(() => harness, {
  operation: 'DeriveSharedSecret',
  kind: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
  keyUsage: 'KEY_AGREEMENT',
  body: async (key) => ({ KeyAgreementAlgorithm: 'ECDH', PublicKey: await publicKeyOf(key) }),
  audited: { keyAgreementAlgorithm: 'ECDH' },
})

for (const [spec, bytes] of Object.entries(SECRET_BYTES)) {
  test(`two ${spec} keys derive the same ${bytes} bytes, and each takes its own public key for a peer`, async () => {
    const [alice, bob] = keys.get(spec)!
    const answer = await derive(alice, await publicKeyOf(bob))
    assert.deepEqual(memberNames(answer), ['KeyAgreementAlgorithm', 'KeyId', 'KeyOrigin', 'SharedSecret'])
    const { SharedSecret, ...rest } = answer
    assert.deepEqual(rest, { KeyId: alice.Arn, KeyAgreementAlgorithm: 'ECDH', KeyOrigin: 'AWS_KMS' })
    assert.equal(Buffer.from(SharedSecret, 'base64').length, bytes)
    assert.equal((await derive(bob, await publicKeyOf(alice))).SharedSecret, SharedSecret)
    const own = (await derive(alice, await publicKeyOf(alice))).SharedSecret
    assert.equal(Buffer.from(own, 'base64').length, bytes)
    assert.notEqual(own, SharedSecret)
  })

  test(`${spec} refuses peers that are no public key of its curve, without a text and under DryRun too`, async () => {
    const [alice, bob] = keys.get(spec)!
    const peer = await publicKeyOf(bob)
    assert.equal(peer.length, PUBLIC_KEY_BYTES[spec])
    const offCurve = Buffer.from(peer)
    offCurve[offCurve.length - 1]! ^= 1
    const infinity = Buffer.from(peer)
    infinity.fill(0, infinity.length - 2 * SECRET_BYTES[spec]!)
    const others = [...keys].filter(([name]) => name !== spec)
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
    const edwards = generateKeyPairSync('ed25519').publicKey
    const bad = [
      Buffer.from('no key'),
      Buffer.alloc(8192, 0x30),
      offCurve,
      infinity,
      peer.subarray(0, -1),
      Buffer.concat([peer, Buffer.alloc(1)]),
      peer.subarray(-2 * SECRET_BYTES[spec]! - 1),
      ...[rsa, edwards].map((key) => key.export({ format: 'der', type: 'spki' })),
      ...(await Promise.all(others.map(([, [other]]) => publicKeyOf(other)))),
    ]
    assert.equal(bad.length, 12)
    for (const PublicKey of bad) {
      await assertFails(derive(alice, PublicKey), ...BAD_PEER)
      await assertFails(derive(alice, PublicKey, { DryRun: true }), ...BAD_PEER)
    }
    await assertFails(derive(alice, peer, { DryRun: true }), ...DRY_RUN)
  })
}

test('state and usage are looked at before the peer', async () => {
  const disabled = await agreementKey('ECC_NIST_P256')
  await harness.call('DisableKey', { KeyId: disabled.KeyId })
  await assertFails(derive(disabled, Buffer.of(1)), 'DisabledException', `${disabled.Arn} is disabled.`)
  const signer = await newKey(harness, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  await assertFails(
    derive(signer, Buffer.of(1)),
    'InvalidKeyUsageException',
    `${signer.Arn} key usage is SIGN_VERIFY which is not valid for DeriveSharedSecret.`,
  )
})

test('missing, unknown, empty and overlong members', async () => {
  await assertValidation(
    harness.call('DeriveSharedSecret'),
    "3 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'keyAgreementAlgorithm' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'publicKey' failed to satisfy constraint: Member must not be null",
  )
  const [key] = keys.get('ECC_NIST_P256')!
  await assertValidation(
    derive(key, await publicKeyOf(key), { KeyAgreementAlgorithm: 'INVALID' }),
    constraint("'INVALID'", 'keyAgreementAlgorithm', `satisfy enum value set: [${PRINTED.keyAgreementAlgorithm}]`),
  )
  for (const [bytes, rule] of [
    [0, 'have length greater than or equal to 1'],
    [8193, 'have length less than or equal to 8192'],
  ] as const) {
    await assertValidation(derive(key, Buffer.alloc(bytes)), constraint('', 'publicKey', rule))
  }
})
