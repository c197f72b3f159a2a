/**
 * The OpenSSL command line against the operations: it verifies what Sign makes, opens what Encrypt makes, computes the same
 * MACs and shared secrets, reads data key pairs; and the other way round. It knows ML-DSA and Ed25519ph only from 3.5 and 3.2
 * on, so those have their verifiers in python-cryptography.test.ts and libsodium.test.ts.
 */
import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { insertGivenKey } from '../support/given-key.ts'
import { createHarness, type Harness } from '../support/harness.ts'
import { asMessageType, hashOf, KEY_PAIR_SPECS, kindsFor, OAEP_BYTES, PRIVATE_KEY_BYTES } from '../support/key-kinds.ts'
import { createOpenSsl, type OpenSsl, opensslMissing } from '../support/openssl.ts'
import { nameOf, type SignedMessage, signWithEveryKey, withOneBitChanged } from '../support/signed-messages.ts'

const skip = opensslMissing
const bytesOf = (text: string) => Buffer.from(text, 'base64')
const message = Buffer.from('a message for OpenSSL')

let harness: Harness
let openssl: OpenSsl
before(async () => {
  harness = await createHarness()
  openssl = createOpenSsl()
})
after(async () => {
  openssl.close()
  await harness.close()
})

async function createKey(KeySpec: string, KeyUsage: string): Promise<{ KeyId: string; publicKey: Buffer }> {
  const { KeyId } = (await harness.call('CreateKey', { KeySpec, KeyUsage })).KeyMetadata
  return { KeyId, publicKey: bytesOf((await harness.call('GetPublicKey', { KeyId })).PublicKey) }
}

const DISTINGUISHING_ID = 'distid:1234567812345678'

/** Options of `openssl dgst` that make it an algorithm of ours; the salt of PSS is as long as the digest (operations.md 4.4). */
function digestOptions(algorithm: string, saltBytes = { sha256: 32, sha384: 48, sha512: 64 }[hashOf(algorithm)]) {
  const name = hashOf(algorithm)
  if (!algorithm.startsWith('RSASSA_PSS')) return [`-${name}`]
  const pss = ['rsa_padding_mode:pss', `rsa_pss_saltlen:${saltBytes}`, `rsa_mgf1_md:${name}`]
  return [`-${name}`, ...pss.flatMap((option) => ['-sigopt', option])]
}

function pkeyutlOptions(algorithm: string): readonly string[] {
  return algorithm === 'SM2DSA' ? ['-rawin', '-digest', 'sm3', '-pkeyopt', DISTINGUISHING_ID] : ['-rawin']
}

/** `dgst` for what hashes first, `pkeyutl` for what takes the message itself. */
function usesDgst(algorithm: string): boolean {
  return algorithm.startsWith('RSASSA') || algorithm.startsWith('ECDSA')
}

function verifies({ algorithm, publicKey, signature }: SignedMessage, text: Buffer): Promise<boolean> {
  const [key, sig, input] = [publicKey, signature, text].map((bytes) => openssl.file(bytes)) as [string, string, string]
  const keyform = ['-keyform', 'DER']
  if (usesDgst(algorithm)) {
    return openssl.succeeds(['dgst', ...digestOptions(algorithm), ...keyform, '-verify', key, '-signature', sig, input])
  }
  const by = ['pkeyutl', '-verify', '-pubin', ...keyform, '-inkey', key, ...pkeyutlOptions(algorithm)]
  return openssl.succeeds([...by, '-sigfile', sig, '-in', input])
}

function signWith(
  algorithm: string,
  privateKey: Buffer,
  text: Buffer,
  options = digestOptions(algorithm),
): Promise<Buffer> {
  const [key, input] = [openssl.file(privateKey), openssl.file(text)]
  // Its -out would have to come before the name of the input; without it the signature goes to the standard output.
  if (usesDgst(algorithm)) return openssl.run(['dgst', ...options, '-keyform', 'DER', '-sign', key, input])
  return openssl.output([
    'pkeyutl',
    '-sign',
    '-keyform',
    'DER',
    '-inkey',
    key,
    ...pkeyutlOptions(algorithm),
    '-in',
    input,
  ])
}

test('OpenSSL verifies every signature, as RAW and as DIGEST, with a PSS salt as long as the digest', {
  skip,
}, async () => {
  const known = (await signWithEveryKey(harness)).filter(
    ({ algorithm }) => algorithm !== 'ML_DSA_SHAKE_256' && algorithm !== 'ED25519_PH_SHA_512',
  )
  for (const signed of known) {
    assert.equal(await verifies(signed, signed.message), true, nameOf(signed))
    assert.equal(await verifies(signed, withOneBitChanged(signed.message)), false, nameOf(signed))
  }
  // 3 RSA sizes × 6 algorithms × 2 types, 4 curves × 2, Ed25519, SM2 × 2.
  assert.equal(known.length, 36 + 8 + 1 + 2)
})

interface OutsideKey {
  readonly spec: string
  readonly algorithms: readonly string[]
  readonly genpkey: readonly string[]
}

const ec = (curve: string) => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`]
const rsa = (bits: number) => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`]
const algorithmsOf = (spec: string, usage: 'SIGN_VERIFY' | 'ENCRYPT_DECRYPT') =>
  kindsFor(usage).find(({ KeySpec }) => KeySpec === spec)!.algorithms

const OUTSIDE_SIGNERS: readonly OutsideKey[] = [
  { spec: 'RSA_2048', algorithms: algorithmsOf('RSA_2048', 'SIGN_VERIFY'), genpkey: rsa(2048) },
  { spec: 'RSA_3072', algorithms: algorithmsOf('RSA_3072', 'SIGN_VERIFY'), genpkey: rsa(3072) },
  { spec: 'ECC_NIST_P256', algorithms: ['ECDSA_SHA_256'], genpkey: ec('P-256') },
  { spec: 'ECC_NIST_P384', algorithms: ['ECDSA_SHA_384'], genpkey: ec('P-384') },
  { spec: 'ECC_NIST_P521', algorithms: ['ECDSA_SHA_512'], genpkey: ec('P-521') },
  { spec: 'ECC_SECG_P256K1', algorithms: ['ECDSA_SHA_256'], genpkey: ec('secp256k1') },
  { spec: 'ECC_NIST_EDWARDS25519', algorithms: ['ED25519_SHA_512'], genpkey: ['-algorithm', 'ED25519'] },
  { spec: 'SM2', algorithms: ['SM2DSA'], genpkey: ['-algorithm', 'SM2'] },
]

describe('a key that OpenSSL has too', { skip }, () => {
  for (const { spec, algorithms, genpkey } of OUTSIDE_SIGNERS) {
    test(`Verify accepts OpenSSL's signatures under a key ${spec}, as RAW and as DIGEST`, async () => {
      const privateKey = await openssl.privateKey(...genpkey)
      const publicKey = await openssl.publicKeyOf(privateKey)
      const { keyId: KeyId } = await insertGivenKey(harness, { KeySpec: spec, KeyUsage: 'SIGN_VERIFY' }, privateKey)
      assert.deepEqual(bytesOf((await harness.call('GetPublicKey', { KeyId })).PublicKey), publicKey)
      for (const SigningAlgorithm of algorithms) {
        const Signature = await signWith(SigningAlgorithm, privateKey, message)
        const types = SigningAlgorithm === 'ED25519_SHA_512' ? (['RAW'] as const) : (['RAW', 'DIGEST'] as const)
        for (const MessageType of types) {
          const Message = asMessageType(SigningAlgorithm, MessageType, message, publicKey)
          const request = { KeyId, SigningAlgorithm, MessageType, Message, Signature }
          assert.equal((await harness.call('Verify', request)).SignatureValid, true)
          await assert.rejects(harness.call('Verify', { ...request, Signature: withOneBitChanged(Signature) }), {
            code: 'KMSInvalidSignatureException',
          })
        }
      }
    })
  }

  test('Verify refuses PSS signatures whose salt is not as long as the digest', async () => {
    const privateKey = await openssl.privateKey(...rsa(2048))
    const kind = { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' } as const
    const { keyId: KeyId } = await insertGivenKey(harness, kind, privateKey)
    const SigningAlgorithm = 'RSASSA_PSS_SHA_256'
    for (const saltBytes of [0, 20, 31, 33, 222]) {
      const Signature = await signWith(
        SigningAlgorithm,
        privateKey,
        message,
        digestOptions(SigningAlgorithm, saltBytes),
      )
      for (const MessageType of ['RAW', 'DIGEST'] as const) {
        const Message = MessageType === 'RAW' ? message : hash('sha256', message, 'buffer')
        const work = harness.call('Verify', { KeyId, SigningAlgorithm, MessageType, Message, Signature })
        await assert.rejects(work, { code: 'KMSInvalidSignatureException' }, `${saltBytes} bytes, ${MessageType}`)
      }
    }
  })

  const oaep = (algorithm: string) => {
    const name = algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256'
    const options = ['rsa_padding_mode:oaep', `rsa_oaep_md:${name}`, `rsa_mgf1_md:${name}`]
    return options.flatMap((option) => ['-pkeyopt', option])
  }
  const cipherOptions = (algorithm: string) => (algorithm === 'SM2PKE' ? [] : oaep(algorithm))

  for (const [spec, genpkey] of [
    ['RSA_2048', rsa(2048)],
    ['RSA_3072', rsa(3072)],
    ['SM2', ['-algorithm', 'SM2']],
  ] as const) {
    test(`OpenSSL opens what Encrypt made under a key ${spec}`, async () => {
      const privateKey = await openssl.privateKey(...genpkey)
      const { keyId: KeyId } = await insertGivenKey(harness, { KeySpec: spec, KeyUsage: 'ENCRYPT_DECRYPT' }, privateKey)
      for (const EncryptionAlgorithm of algorithmsOf(spec, 'ENCRYPT_DECRYPT')) {
        const request = { KeyId, Plaintext: message, EncryptionAlgorithm }
        const ciphertext = openssl.file(bytesOf((await harness.call('Encrypt', request)).CiphertextBlob))
        const key = ['-keyform', 'DER', '-inkey', openssl.file(privateKey)]
        const opened = await openssl.output([
          ...['pkeyutl', '-decrypt', ...key, ...cipherOptions(EncryptionAlgorithm), '-in', ciphertext],
        ])
        assert.deepEqual(opened, message)
      }
    })
  }

  test("Decrypt opens what OpenSSL encrypted with a KMS key's public half, up to the longest plaintext", async () => {
    for (const { KeySpec, algorithms } of kindsFor('ENCRYPT_DECRYPT')) {
      if (KeySpec === 'SYMMETRIC_DEFAULT') continue
      const { KeyId, publicKey } = await createKey(KeySpec, 'ENCRYPT_DECRYPT')
      const key = openssl.file(publicKey)
      for (const EncryptionAlgorithm of algorithms) {
        for (const length of [1, OAEP_BYTES[KeySpec]?.[EncryptionAlgorithm] ?? 1024]) {
          const Plaintext = randomBytes(length)
          const CiphertextBlob = await openssl.output([
            ...['pkeyutl', '-encrypt', '-pubin', '-keyform', 'DER', '-inkey', key],
            ...[...cipherOptions(EncryptionAlgorithm), '-in', openssl.file(Plaintext)],
          ])
          const opened = await harness.call('Decrypt', { KeyId, CiphertextBlob, EncryptionAlgorithm })
          assert.deepEqual(
            bytesOf(opened.Plaintext),
            Plaintext,
            `${EncryptionAlgorithm} of ${KeySpec}, ${length} bytes`,
          )
        }
      }
    }
  })
})

for (const [spec, curve] of [
  ['ECC_NIST_P256', 'P-256'],
  ['ECC_NIST_P384', 'P-384'],
  ['ECC_NIST_P521', 'P-521'],
] as const) {
  test(`OpenSSL derives the same secret as DeriveSharedSecret on ${spec}`, { skip }, async () => {
    const { KeyId, publicKey } = await createKey(spec, 'KEY_AGREEMENT')
    const own = await openssl.privateKey(...ec(curve))
    const PublicKey = await openssl.publicKeyOf(own)
    const request = { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey }
    const { SharedSecret } = await harness.call('DeriveSharedSecret', request)
    const derived = await openssl.output([
      ...['pkeyutl', '-derive', '-keyform', 'DER', '-inkey', openssl.file(own)],
      ...['-peerform', 'DER', '-peerkey', openssl.file(publicKey)],
    ])
    assert.deepEqual(bytesOf(SharedSecret), derived)
  })
}

test('OpenSSL computes the same MACs', { skip }, async () => {
  for (const { KeySpec, KeyUsage, algorithms } of kindsFor('GENERATE_VERIFY_MAC')) {
    const MacAlgorithm = algorithms[0]!
    const material = randomBytes(Number(KeySpec.slice(5)) / 8)
    const { keyId: KeyId } = await insertGivenKey(harness, { KeySpec, KeyUsage }, material)
    const request = { KeyId, Message: message, MacAlgorithm }
    const options = ['-mac', 'HMAC', '-macopt', `hexkey:${material.toString('hex')}`]
    const Mac = await openssl.run(['dgst', '-binary', `-${hashOf(MacAlgorithm)}`, ...options], message)
    assert.deepEqual(bytesOf((await harness.call('GenerateMac', request)).Mac), Mac)
    assert.equal((await harness.call('VerifyMac', { ...request, Mac })).MacValid, true)
  }
})

describe('data key pairs', { skip }, () => {
  for (const KeyPairSpec of KEY_PAIR_SPECS) {
    test(`OpenSSL checks a private key ${KeyPairSpec} and finds its public half`, async () => {
      const { KeyId } = (await harness.call('CreateKey')).KeyMetadata
      const pair = await harness.call('GenerateDataKeyPair', { KeyId, KeyPairSpec })
      const privateKey = bytesOf(pair.PrivateKeyPlaintext)
      const [bytes, spread] = PRIVATE_KEY_BYTES[KeyPairSpec]!
      assert.ok(Math.abs(privateKey.length - bytes) <= spread)
      assert.deepEqual(await openssl.publicKeyOf(privateKey), bytesOf(pair.PublicKey))
      const checked = await openssl.run(['pkey', '-inform', 'DER', '-check', '-noout'], privateKey)
      assert.match(checked.toString(), /^Key is valid$/m)

      const algorithm = kindsFor('SIGN_VERIFY')
        .find(({ KeySpec }) => KeySpec === KeyPairSpec)!
        .algorithms.at(-1)!
      const signature = await signWith(algorithm, privateKey, message)
      const signed = { spec: KeyPairSpec, algorithm, messageType: 'RAW', message, signature } as const
      assert.equal(await verifies({ ...signed, publicKey: bytesOf(pair.PublicKey) }, message), true)
    })
  }
})
