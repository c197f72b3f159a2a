/**
 * Key material that the OpenSSL command line made and wrapped, in every wrapping algorithm for every importable key spec: the
 * key is that key afterwards. Then everything that can be wrong with it, which changes nothing.
 */
import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness } from '../support/harness.ts'
import { NEVER, parametersFor } from '../support/imports.ts'
import { createOpenSsl, type OpenSsl, opensslMissing } from '../support/openssl.ts'

const skip = opensslMissing

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

/** What an owner has, and how to tell that the key has become it. */
interface Owned {
  readonly material: Buffer
  assertIsKey(KeyId: string): Promise<void>
}

async function symmetricKey(): Promise<Owned> {
  const material = await openssl.run(['rand', '32'])
  return {
    material,
    async assertIsKey(KeyId) {
      const { KeyMetadata } = await harness.call('DescribeKey', { KeyId })
      const id = createHmac('sha256', material).update(`kms:key-material-id:v1\0${ACCOUNT}\0${KeyId}`).digest('hex')
      assert.equal(KeyMetadata.CurrentKeyMaterialId, id)
      const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('text') })
      const { Plaintext } = await harness.call('Decrypt', { CiphertextBlob })
      assert.equal(Buffer.from(Plaintext, 'base64').toString(), 'text')
    },
  }
}

async function hmacKey(spec: string): Promise<Owned> {
  const bits = spec.slice('HMAC_'.length)
  const material = await openssl.run(['rand', String(Number(bits) / 8)])
  return {
    material,
    async assertIsKey(KeyId) {
      const Message = randomBytes(100)
      const { Mac } = await harness.call('GenerateMac', { KeyId, Message, MacAlgorithm: `HMAC_SHA_${bits}` })
      const hexKey = ['-mac', 'HMAC', '-macopt', `hexkey:${material.toString('hex')}`]
      const expected = await openssl.run(['dgst', `-sha${bits}`, ...hexKey, '-binary', openssl.file(Message)])
      assert.equal(Mac, expected.toString('base64'))
    },
  }
}

async function privateKey(...options: string[]): Promise<Owned> {
  const material = await openssl.privateKey(...options)
  return {
    material,
    async assertIsKey(KeyId) {
      const { PublicKey } = await harness.call('GetPublicKey', { KeyId })
      assert.equal(PublicKey, (await openssl.publicKeyOf(material)).toString('base64'))
    },
  }
}

const rsaKey = (bits: number) => privateKey('-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`)
const curveKey = (curve: string) => privateKey('-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`)

const OAEP = ['RSAES_OAEP_SHA_256', 'RSAES_OAEP_SHA_1']
const KEY_WRAP = ['RSA_AES_KEY_WRAP_SHA_256', 'RSA_AES_KEY_WRAP_SHA_1']

interface Target {
  readonly spec: string
  readonly usage: string
  readonly make: () => Promise<Owned>
  readonly algorithms: readonly string[]
  /** The smallest wrapping key for OAEP, if not the smallest of all. */
  readonly oaepSpec?: string
}

const hmac = (spec: string): Target => ({
  spec,
  usage: 'GENERATE_VERIFY_MAC',
  make: () => hmacKey(spec),
  algorithms: OAEP,
})
const rsa = (bits: number): Target => ({
  spec: `RSA_${bits}`,
  usage: 'SIGN_VERIFY',
  make: () => rsaKey(bits),
  algorithms: [...KEY_WRAP, 'SM2PKE'],
})
const ecc = (spec: string, make: () => Promise<Owned>, oaepSpec = 'RSA_2048'): Target => ({
  spec,
  usage: 'SIGN_VERIFY',
  make,
  algorithms: [...KEY_WRAP, ...OAEP],
  oaepSpec,
})

const TARGETS: readonly Target[] = [
  { spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', make: symmetricKey, algorithms: OAEP },
  ...['HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512'].map(hmac),
  ...[2048, 3072, 4096].map(rsa),
  ecc('ECC_NIST_P256', () => curveKey('P-256')),
  ecc('ECC_NIST_P384', () => curveKey('P-384')),
  ecc('ECC_NIST_P521', () => curveKey('P-521'), 'RSA_3072'),
  ecc('ECC_SECG_P256K1', () => curveKey('secp256k1')),
  ecc('ECC_NIST_EDWARDS25519', () => privateKey('-algorithm', 'ED25519'), 'RSA_3072'),
  { spec: 'SM2', usage: 'SIGN_VERIFY', make: () => privateKey('-algorithm', 'SM2'), algorithms: [...OAEP, 'SM2PKE'] },
]

function publicKeyArguments(publicKey: Buffer): string[] {
  return ['pkeyutl', '-encrypt', '-pubin', '-keyform', 'DER', '-inkey', openssl.file(publicKey)]
}

function oaep(publicKey: Buffer, algorithm: string, plaintext: Buffer): Promise<Buffer> {
  const hash = algorithm.endsWith('_SHA_1') ? 'sha1' : 'sha256'
  const options = ['rsa_padding_mode:oaep', `rsa_oaep_md:${hash}`, `rsa_mgf1_md:${hash}`]
  const pkeyOptions = options.flatMap((option) => ['-pkeyopt', option])
  return openssl.output([...publicKeyArguments(publicKey), ...pkeyOptions, '-in', openssl.file(plaintext)])
}

/** As AWS's guide tells its customers to, with a wrapping key of 256 bits. */
async function wrapped(publicKey: Buffer, algorithm: string, material: Buffer): Promise<Buffer> {
  if (algorithm === 'SM2PKE') return openssl.output([...publicKeyArguments(publicKey), '-in', openssl.file(material)])
  if (!algorithm.startsWith('RSA_AES_KEY_WRAP')) return oaep(publicKey, algorithm, material)
  const key = await openssl.run(['rand', '32'])
  const cipher = ['enc', '-id-aes256-wrap-pad', '-K', key.toString('hex'), '-iv', 'A65959A6']
  const inner = await openssl.output([...cipher, '-in', openssl.file(material)])
  return Buffer.concat([await oaep(publicKey, algorithm, key), inner])
}

async function externalKey(KeySpec: string, KeyUsage: string): Promise<Answer> {
  return (await harness.call('CreateKey', { KeySpec, KeyUsage, Origin: 'EXTERNAL' })).KeyMetadata
}

async function importWith(owned: Owned, target: Target, algorithm: string, wrappingKeySpec: string): Promise<void> {
  const { KeyId } = await externalKey(target.spec, target.usage)
  const parameters = await parametersFor(harness, KeyId, algorithm, wrappingKeySpec)
  const EncryptedKeyMaterial = await wrapped(Buffer.from(parameters.PublicKey, 'base64'), algorithm, owned.material)
  assert.ok(EncryptedKeyMaterial.length <= 6144, `${EncryptedKeyMaterial.length} bytes`)
  await harness.call('ImportKeyMaterial', {
    KeyId,
    ImportToken: parameters.ImportToken,
    EncryptedKeyMaterial,
    ...NEVER,
  })
  await owned.assertIsKey(KeyId)
}

function wrappingKeySpecFor({ oaepSpec = 'RSA_2048' }: Target, algorithm: string): string {
  if (algorithm === 'SM2PKE') return 'SM2'
  return algorithm.startsWith('RSAES') ? oaepSpec : 'RSA_2048'
}

describe('material wrapped by OpenSSL', { skip }, () => {
  for (const target of TARGETS) {
    test(`${target.spec}: ${target.algorithms.join(', ')}`, async () => {
      const owned = await target.make()
      for (const algorithm of target.algorithms) {
        await importWith(owned, target, algorithm, wrappingKeySpecFor(target, algorithm))
      }
    })
  }

  for (const wrappingKeySpec of ['RSA_3072', 'RSA_4096']) {
    test(`under a wrapping key of ${wrappingKeySpec}`, async () => {
      for (const [target, algorithm] of [
        [TARGETS[0]!, 'RSAES_OAEP_SHA_256'],
        [TARGETS[0]!, 'RSAES_OAEP_SHA_1'],
        [TARGETS[5]!, 'RSA_AES_KEY_WRAP_SHA_256'],
        [TARGETS[5]!, 'RSA_AES_KEY_WRAP_SHA_1'],
      ] as const) {
        await importWith(await target.make(), target, algorithm, wrappingKeySpec)
      }
    })
  }

  test('the table has every importable key spec', async () => {
    const { KEY_SPECS } = await import('../support/key-kinds.ts')
    const importable = KEY_SPECS.filter((spec) => !spec.startsWith('ML_DSA'))
    assert.deepEqual(TARGETS.map(({ spec }) => spec).sort(), [...importable].sort())
  })
})

/** A change of one bit in the middle. */
function changed(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy[copy.length >> 1]! ^= 1
  return copy
}

describe('what is wrong with it is told by class alone, and changes nothing', { skip }, () => {
  for (const [spec, usage, algorithm, make] of [
    ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', 'RSAES_OAEP_SHA_256', symmetricKey],
    ['RSA_2048', 'SIGN_VERIFY', 'RSA_AES_KEY_WRAP_SHA_256', () => rsaKey(2048)],
    ['ECC_NIST_P256', 'SIGN_VERIFY', 'RSAES_OAEP_SHA_1', () => curveKey('P-256')],
    ['SM2', 'SIGN_VERIFY', 'SM2PKE', () => privateKey('-algorithm', 'SM2')],
  ] as const) {
    test(`${spec} by ${algorithm}`, async () => {
      const wrappingKeySpec = algorithm === 'SM2PKE' ? 'SM2' : 'RSA_2048'
      const { KeyId } = await externalKey(spec, usage)
      const { material } = await make()
      const parameters = await parametersFor(harness, KeyId, algorithm, wrappingKeySpec)
      const other = await parametersFor(harness, KeyId, algorithm, wrappingKeySpec)
      const elsewhere = await parametersFor(harness, (await externalKey(spec, usage)).KeyId, algorithm, wrappingKeySpec)
      const wrapFor = (bytes: Buffer, { PublicKey } = parameters) =>
        wrapped(Buffer.from(PublicKey, 'base64'), algorithm, bytes)
      const good = {
        KeyId,
        ImportToken: parameters.ImportToken,
        EncryptedKeyMaterial: await wrapFor(material),
        ...NEVER,
      }
      const token = Buffer.from(parameters.ImportToken, 'base64')
      const failing: readonly (readonly [code: string, members: object])[] = [
        ['InvalidImportTokenException', { ImportToken: changed(token) }],
        ['InvalidImportTokenException', { ImportToken: elsewhere.ImportToken }],
        ['InvalidCiphertextException', { EncryptedKeyMaterial: await wrapFor(material, other) }],
        ['InvalidCiphertextException', { EncryptedKeyMaterial: changed(good.EncryptedKeyMaterial) }],
        ['InvalidCiphertextException', { EncryptedKeyMaterial: good.EncryptedKeyMaterial.subarray(1) }],
        ['InvalidCiphertextException', { EncryptedKeyMaterial: await wrapFor(material.subarray(1)) }],
        [
          'InvalidCiphertextException',
          { EncryptedKeyMaterial: await wrapFor(Buffer.concat([material, Buffer.of(0)])) },
        ],
      ]
      for (const [code, members] of failing) {
        await assert.rejects(harness.call('ImportKeyMaterial', { ...good, ...members }), { code, text: undefined })
      }
      const { KeyMetadata } = await harness.call('DescribeKey', { KeyId })
      assert.equal(KeyMetadata.KeyState, 'PendingImport')
      harness.clock.advance(86_400_000)
      await assert.rejects(harness.call('ImportKeyMaterial', good), {
        code: 'ExpiredImportTokenException',
        text: undefined,
      })
      harness.clock.advance(-86_400_000)
      await harness.call('ImportKeyMaterial', good)
    })
  }
})
