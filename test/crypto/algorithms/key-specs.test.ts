/** Key specs against operations.md 4.1 to 4.5, written out here; and what goes in must come out. */
import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, hash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  KEY_SPECS,
  type KeySpec,
  keySpec,
  type MessageType,
  type OpenKey,
} from '../../../src/crypto/algorithms/index.ts'

/** One key of each spec serves the tests that do not ask for a fresh one; RSA_4096 takes seconds to make. */
const keys = new Map<string, Promise<OpenKey>>()

async function opened(name: string): Promise<{ spec: KeySpec; key: OpenKey }> {
  const spec = keySpec(name)!
  if (!keys.has(name))
    keys.set(
      name,
      spec.generate().then((material) => spec.open(material)),
    )
  return { spec, key: await keys.get(name)! }
}

const OAEP = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']
const RSASSA = [
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
]

/** operations.md 4.1. */
const TABLE: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  SYMMETRIC_DEFAULT: { ENCRYPT_DECRYPT: ['SYMMETRIC_DEFAULT'] },
  RSA_2048: { ENCRYPT_DECRYPT: OAEP, SIGN_VERIFY: RSASSA },
  RSA_3072: { ENCRYPT_DECRYPT: OAEP, SIGN_VERIFY: RSASSA },
  RSA_4096: { ENCRYPT_DECRYPT: OAEP, SIGN_VERIFY: RSASSA },
  ECC_NIST_P256: { SIGN_VERIFY: ['ECDSA_SHA_256'], KEY_AGREEMENT: ['ECDH'] },
  ECC_NIST_P384: { SIGN_VERIFY: ['ECDSA_SHA_384'], KEY_AGREEMENT: ['ECDH'] },
  ECC_NIST_P521: { SIGN_VERIFY: ['ECDSA_SHA_512'], KEY_AGREEMENT: ['ECDH'] },
  ECC_SECG_P256K1: { SIGN_VERIFY: ['ECDSA_SHA_256'] },
  ECC_NIST_EDWARDS25519: { SIGN_VERIFY: ['ED25519_PH_SHA_512', 'ED25519_SHA_512'] },
  ML_DSA_44: { SIGN_VERIFY: ['ML_DSA_SHAKE_256'] },
  ML_DSA_65: { SIGN_VERIFY: ['ML_DSA_SHAKE_256'] },
  ML_DSA_87: { SIGN_VERIFY: ['ML_DSA_SHAKE_256'] },
  HMAC_224: { GENERATE_VERIFY_MAC: ['HMAC_SHA_224'] },
  HMAC_256: { GENERATE_VERIFY_MAC: ['HMAC_SHA_256'] },
  HMAC_384: { GENERATE_VERIFY_MAC: ['HMAC_SHA_384'] },
  HMAC_512: { GENERATE_VERIFY_MAC: ['HMAC_SHA_512'] },
  SM2: { ENCRYPT_DECRYPT: ['SM2PKE'], SIGN_VERIFY: ['SM2DSA'], KEY_AGREEMENT: ['ECDH'] },
}
const USAGES = ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'] as const

test('the key specs are those of the API, with their usages and algorithm lists in its order', () => {
  assert.deepEqual([...KEY_SPECS.keys()].sort(), Object.keys(TABLE).sort())
  for (const [name, usages] of Object.entries(TABLE)) {
    const spec = keySpec(name)!
    assert.deepEqual([...spec.usages].sort(), Object.keys(usages).sort(), name)
    for (const usage of USAGES) assert.deepEqual(spec.algorithms(usage), usages[usage] ?? [], `${name} ${usage}`)
  }
})

test('a name that is no key spec has no row, whatever objects inherit', () => {
  for (const name of ['RSA_1024', 'rsa_2048', '', '__proto__', 'constructor', 'toString']) {
    assert.equal(keySpec(name), undefined, name)
  }
})

/** operations.md 4.5: bytes of the SPKI and of the data key pair's PKCS#8; RSA private keys vary by a few bytes. */
const SIZES: readonly (readonly [
  spec: string,
  publicBytes: number,
  privateBytes: number | undefined,
  spread: number,
])[] = [
  ['RSA_2048', 294, 1218, 4],
  ['RSA_3072', 422, 1793, 4],
  ['RSA_4096', 550, 2374, 4],
  ['ECC_NIST_P256', 91, 150, 0],
  ['ECC_NIST_P384', 120, 194, 0],
  ['ECC_NIST_P521', 158, 250, 0],
  ['ECC_SECG_P256K1', 88, 144, 0],
  ['ECC_NIST_EDWARDS25519', 44, 48, 0],
  ['ML_DSA_44', 1334, undefined, 0],
  ['ML_DSA_65', 1974, undefined, 0],
  ['ML_DSA_87', 2614, undefined, 0],
]

for (const [name, publicBytes, privateBytes, spread] of SIZES) {
  test(`keys and data key pairs of ${name} have the sizes that AWS's have`, async () => {
    const { spec, key } = await opened(name)
    assert.equal(key.publicKey!.length, publicBytes)
    if (privateBytes === undefined) {
      assert.equal(spec.generatePair, undefined)
      return
    }
    const pair = await spec.generatePair!()
    assert.equal(pair.publicKey.length, publicBytes)
    assert.ok(Math.abs(pair.privateKey.length - privateBytes) <= spread, `${pair.privateKey.length} bytes`)
    // Readers elsewhere take the private key, and it belongs to the public one.
    const imported = spec.open(await spec.importMaterial!(pair.privateKey))
    assert.deepEqual(imported.publicKey, pair.publicKey)
  })
}

test('open wipes the material', async () => {
  for (const spec of KEY_SPECS.values()) {
    // One RSA size stands for all, and is quicker than three.
    if (spec.name === 'RSA_3072' || spec.name === 'RSA_4096') continue
    const material = await spec.generate()
    spec.open(material)
    assert.ok(
      material.every((byte) => byte === 0),
      spec.name,
    )
  }
})

interface Signing {
  readonly spec: string
  readonly algorithm: string
  readonly bytes: readonly [min: number, max: number]
  readonly hash: string | undefined
}

/** operations.md 4.3 and 4.4. */
const SIGNINGS: readonly Signing[] = [
  ...[2048, 3072, 4096].flatMap((bits) =>
    RSASSA.map((algorithm): Signing => {
      const hashName = `sha${algorithm.slice(-3)}`
      return { spec: `RSA_${bits}`, algorithm, bytes: [bits / 8, bits / 8], hash: hashName }
    }),
  ),
  { spec: 'ECC_NIST_P256', algorithm: 'ECDSA_SHA_256', bytes: [8, 72], hash: 'sha256' },
  { spec: 'ECC_NIST_P384', algorithm: 'ECDSA_SHA_384', bytes: [8, 104], hash: 'sha384' },
  { spec: 'ECC_NIST_P521', algorithm: 'ECDSA_SHA_512', bytes: [8, 139], hash: 'sha512' },
  { spec: 'ECC_SECG_P256K1', algorithm: 'ECDSA_SHA_256', bytes: [8, 72], hash: 'sha256' },
  { spec: 'ECC_NIST_EDWARDS25519', algorithm: 'ED25519_SHA_512', bytes: [64, 64], hash: undefined },
  { spec: 'ML_DSA_44', algorithm: 'ML_DSA_SHAKE_256', bytes: [2420, 2420], hash: undefined },
  { spec: 'ML_DSA_65', algorithm: 'ML_DSA_SHAKE_256', bytes: [3309, 3309], hash: undefined },
  { spec: 'ML_DSA_87', algorithm: 'ML_DSA_SHAKE_256', bytes: [4627, 4627], hash: undefined },
]

for (const { spec: name, algorithm, bytes, hash: hashName } of SIGNINGS) {
  test(`${algorithm} of ${name} signs what it verifies, as RAW and as DIGEST alike`, async () => {
    const { spec, key } = await opened(name)
    const publicOnly = spec.openPublic!(key.publicKey!)
    const message = randomBytes(4096)
    const forms: [MessageType, Buffer][] = [['RAW', message]]
    if (hashName !== undefined) forms.push(['DIGEST', hash(hashName, message, 'buffer')])
    for (const [type, signed] of forms) {
      const signature = await key.sign(algorithm, type, signed)
      assert.ok(signature.length >= bytes[0] && signature.length <= bytes[1], `${signature.length} bytes`)
      for (const [otherType, other] of forms) {
        assert.equal(await key.verify(algorithm, otherType, other, signature), true, `${type} then ${otherType}`)
        assert.equal(await publicOnly.verify(algorithm, otherType, other, signature), true)
        const changed = Buffer.from(other)
        changed[0]! ^= 1
        assert.equal(await key.verify(algorithm, otherType, changed, signature), false)
        for (const broken of [signature.subarray(1), Buffer.concat([signature, Buffer.of(0)]), Buffer.alloc(1)]) {
          assert.equal(await key.verify(algorithm, otherType, other, broken), false)
        }
      }
    }
  })
}

test('ED25519_PH_SHA_512 signs a digest, deterministically, and is not ED25519_SHA_512', async () => {
  const { key } = await opened('ECC_NIST_EDWARDS25519')
  const digest = randomBytes(64)
  const signature = await key.sign('ED25519_PH_SHA_512', 'DIGEST', digest)
  assert.equal(signature.length, 64)
  assert.deepEqual(await key.sign('ED25519_PH_SHA_512', 'DIGEST', digest), signature)
  assert.equal(await key.verify('ED25519_PH_SHA_512', 'DIGEST', digest, signature), true)
  assert.equal(await key.verify('ED25519_SHA_512', 'RAW', digest, signature), false)
  assert.equal(await key.verify('ED25519_PH_SHA_512', 'DIGEST', randomBytes(64), signature), false)
})

/** operations.md 4.4: which signatures of one message are the same twice. */
test('PKCS#1 v1.5 and Ed25519 signatures are deterministic, PSS, ECDSA, ML-DSA and SM2 signatures are not', async () => {
  const cases = [
    ['RSA_2048', 'RSASSA_PKCS1_V1_5_SHA_256', true],
    ['RSA_2048', 'RSASSA_PSS_SHA_256', false],
    ['ECC_NIST_P256', 'ECDSA_SHA_256', false],
    ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', true],
    ['ML_DSA_44', 'ML_DSA_SHAKE_256', false],
    ['SM2', 'SM2DSA', false],
  ] as const
  for (const [name, algorithm, deterministic] of cases) {
    const { key } = await opened(name)
    for (const [type, message] of [
      ['RAW', randomBytes(32)],
      ['DIGEST', randomBytes(32)],
      ['EXTERNAL_MU', randomBytes(64)],
    ] as const) {
      const attempt = async () => key.sign(algorithm, type, message)
      const first = await attempt().catch(() => undefined)
      if (first === undefined) continue
      assert.equal(first.equals(await attempt()), deterministic, `${algorithm} ${type}`)
    }
  }
})

/** operations.md 3.46. */
const REFUSED_MESSAGES: readonly (readonly [string, string, MessageType, number, string])[] = [
  ['RSA_2048', 'RSASSA_PSS_SHA_256', 'DIGEST', 31, 'Digest is invalid length for algorithm RSASSA_PSS_SHA_256.'],
  [
    'RSA_2048',
    'RSASSA_PKCS1_V1_5_SHA_512',
    'DIGEST',
    32,
    'Digest is invalid length for algorithm RSASSA_PKCS1_V1_5_SHA_512.',
  ],
  [
    'ECC_NIST_P256',
    'ECDSA_SHA_256',
    'EXTERNAL_MU',
    64,
    'Message type EXTERNAL_MU is incompatible with key spec ECC_NIST_P256.',
  ],
  ['ECC_NIST_P521', 'ECDSA_SHA_512', 'DIGEST', 66, 'Digest is invalid length for algorithm ECDSA_SHA_512.'],
  ['ML_DSA_44', 'ML_DSA_SHAKE_256', 'DIGEST', 64, 'Message type DIGEST is incompatible with key spec ML_DSA_44.'],
  ['ML_DSA_44', 'ML_DSA_SHAKE_256', 'EXTERNAL_MU', 63, 'External Mu is invalid length for algorithm ML_DSA_SHAKE_256.'],
  [
    'ECC_NIST_EDWARDS25519',
    'ED25519_SHA_512',
    'DIGEST',
    63,
    'Message type DIGEST is incompatible with algorithm ED25519_SHA_512.',
  ],
  [
    'ECC_NIST_EDWARDS25519',
    'ED25519_PH_SHA_512',
    'RAW',
    64,
    'Message type RAW is incompatible with algorithm ED25519_PH_SHA_512.',
  ],
  [
    'ECC_NIST_EDWARDS25519',
    'ED25519_PH_SHA_512',
    'DIGEST',
    32,
    'Digest is invalid length for algorithm ED25519_PH_SHA_512.',
  ],
  ['SM2', 'SM2DSA', 'DIGEST', 33, 'Digest is invalid length for algorithm SM2DSA.'],
]

for (const [name, algorithm, type, length, message] of REFUSED_MESSAGES) {
  test(`Sign and Verify refuse ${length} bytes as ${type} with ${algorithm} of ${name}`, async () => {
    const { key } = await opened(name)
    const error = { code: 'ValidationException', text: message }
    await assert.rejects(async () => key.sign(algorithm, type, randomBytes(length)), error)
    await assert.rejects(async () => key.verify(algorithm, type, randomBytes(length), randomBytes(64)), error)
  })
}

/** operations.md 4.2. */
const ENCRYPTIONS: readonly (readonly [
  spec: string,
  algorithm: string,
  max: number,
  ciphertextBytes: number | undefined,
])[] = [
  ['RSA_2048', 'RSAES_OAEP_SHA_1', 214, 256],
  ['RSA_2048', 'RSAES_OAEP_SHA_256', 190, 256],
  ['RSA_3072', 'RSAES_OAEP_SHA_1', 342, 384],
  ['RSA_3072', 'RSAES_OAEP_SHA_256', 318, 384],
  ['RSA_4096', 'RSAES_OAEP_SHA_1', 470, 512],
  ['RSA_4096', 'RSAES_OAEP_SHA_256', 446, 512],
  ['SM2', 'SM2PKE', 1024, undefined],
]

for (const [name, algorithm, max, ciphertextBytes] of ENCRYPTIONS) {
  test(`${algorithm} of ${name} takes 1 to ${max} bytes and gives them back`, async () => {
    const { spec, key } = await opened(name)
    for (const length of [1, 2, max]) {
      const plaintext = randomBytes(length)
      const ciphertext = await spec.openPublic!(key.publicKey!).encrypt(algorithm, plaintext)
      if (ciphertextBytes !== undefined) assert.equal(ciphertext.length, ciphertextBytes)
      assert.deepEqual(await key.decrypt(algorithm, ciphertext), plaintext)
      for (const broken of [
        ciphertext.subarray(1),
        Buffer.concat([ciphertext, Buffer.of(0)]),
        Buffer.alloc(1),
        flip(ciphertext),
      ]) {
        await assert.rejects(async () => key.decrypt(algorithm, broken), {
          code: 'InvalidCiphertextException',
          text: undefined,
        })
      }
    }
    await assert.rejects(async () => key.encrypt(algorithm, randomBytes(max + 1)), {
      code: 'ValidationException',
      text: `Algorithm ${algorithm} and key spec ${name} cannot encrypt data larger than ${max} bytes.`,
    })
  })
}

function flip(bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes)
  flipped[flipped.length >> 1]! ^= 1
  return flipped
}

test('a ciphertext of one OAEP hash does not open with the other', async () => {
  const { key } = await opened('RSA_2048')
  const ciphertext = await key.encrypt('RSAES_OAEP_SHA_1', Buffer.from('text'))
  await assert.rejects(async () => key.decrypt('RSAES_OAEP_SHA_256', ciphertext), {
    code: 'InvalidCiphertextException',
  })
})

test('both sides of an agreement derive the same X coordinate, as wide as the field', async () => {
  for (const [name, bytes] of [
    ['ECC_NIST_P256', 32],
    ['ECC_NIST_P384', 48],
    ['ECC_NIST_P521', 66],
    ['SM2', 32],
  ] as const) {
    const spec = keySpec(name)!
    const [left, right] = [spec.open(await spec.generate()), spec.open(await spec.generate())]
    const shared = await left.agree('ECDH', right.publicKey!)
    assert.equal(shared.length, bytes)
    assert.deepEqual(await right.agree('ECDH', left.publicKey!), shared)
    // operations.md 3.11: the key's own public key is accepted.
    assert.equal((await left.agree('ECDH', left.publicKey!)).length, bytes)
  }
})

test('an agreement refuses peers that are no DER, of another curve or kind, off the curve, or followed by more', async () => {
  for (const name of ['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521', 'SM2']) {
    const { key } = await opened(name)
    const good = key.publicKey!
    const offCurve = Buffer.from(good)
    offCurve[offCurve.length - 1]! ^= 1
    const others = ['ECC_SECG_P256K1', 'RSA_2048', 'ECC_NIST_EDWARDS25519', name === 'SM2' ? 'ECC_NIST_P256' : 'SM2']
    const peers = [
      Buffer.from('not DER'),
      Buffer.alloc(0),
      offCurve,
      atInfinity(good),
      Buffer.concat([good, Buffer.of(0)]),
      good.subarray(0, -1),
      ...(await Promise.all(others.map(async (other) => (await opened(other)).key.publicKey!))),
    ]
    for (const [index, peer] of peers.entries()) {
      await assert.rejects(
        async () => key.agree('ECDH', peer),
        { code: 'ValidationException', text: undefined },
        `${name} ${index}`,
      )
    }
  }
})

/** SPKI with the same algorithm and the encoding of the point at infinity, one zero byte. */
function atInfinity(spki: Buffer): Buffer {
  const start = spki[1]! === 0x81 ? 3 : 2
  const algorithm = spki.subarray(start, start + 2 + spki[start + 1]!)
  const point = Buffer.from('03020000', 'hex')
  return Buffer.concat([Buffer.of(0x30, algorithm.length + point.length), algorithm, point])
}

test('an agreement refuses curve parameters that are spelled out, even those of the right curve', async () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })
  const { key } = await opened('ECC_NIST_P256')
  const peer = publicKey.export({ format: 'der', type: 'spki' })
  await assert.rejects(async () => key.agree('ECDH', peer), { code: 'ValidationException' })
})

test('MACs have full length and are the same twice', async () => {
  for (const [name, algorithm, bytes] of [
    ['HMAC_224', 'HMAC_SHA_224', 28],
    ['HMAC_256', 'HMAC_SHA_256', 32],
    ['HMAC_384', 'HMAC_SHA_384', 48],
    ['HMAC_512', 'HMAC_SHA_512', 64],
  ] as const) {
    const spec = keySpec(name)!
    const material = await spec.generate()
    assert.equal(material.length, bytes)
    const key = spec.open(material)
    const mac = key.mac(algorithm, Buffer.from('message'))
    assert.equal(mac.length, bytes)
    assert.deepEqual(key.mac(algorithm, Buffer.from('message')), mac)
    assert.notDeepEqual(key.mac(algorithm, Buffer.from('messagf')), mac)
  }
})

test('a key refuses what its spec cannot do', async () => {
  const { key } = await opened('HMAC_256')
  assert.equal(key.publicKey, undefined)
  assert.throws(() => key.sign('ECDSA_SHA_256', 'RAW', Buffer.of(1)))
  const { key: signing } = await opened('ECC_NIST_P256')
  assert.throws(() => signing.mac('HMAC_SHA_256', Buffer.of(1)))
  assert.throws(() => signing.sign('ECDSA_SHA_384', 'RAW', Buffer.of(1)), /no algorithm/)
})

test('the material of asymmetric keys is PKCS#8 DER', async () => {
  for (const name of ['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_EDWARDS25519', 'ML_DSA_44', 'SM2']) {
    const material = await keySpec(name)!.generate()
    assert.doesNotThrow(() => createPrivateKey({ key: material, format: 'der', type: 'pkcs8' }), name)
  }
})

test('no altered SM2 ciphertext opens, and no altered SM2 signature verifies', async () => {
  const { key } = await opened('SM2')
  const plaintext = Buffer.from('attack at dawn')
  const [ciphertext, signature] = [await key.encrypt('SM2PKE', plaintext), await key.sign('SM2DSA', 'RAW', plaintext)]
  await fc.assert(
    fc.asyncProperty(
      fc.nat(ciphertext.length - 1),
      fc.nat(signature.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (c, s, mask) => {
        const [brokenCiphertext, brokenSignature] = [Buffer.from(ciphertext), Buffer.from(signature)]
        brokenCiphertext[c]! ^= mask
        brokenSignature[s]! ^= mask
        await assert.rejects(async () => key.decrypt('SM2PKE', brokenCiphertext), {
          code: 'InvalidCiphertextException',
        })
        assert.equal(await key.verify('SM2DSA', 'RAW', plaintext, brokenSignature), false)
      },
    ),
    { numRuns: 60 },
  )
})

test('SM2 ciphertexts whose point is not on the curve are refused before the private key meets them', async () => {
  const { key } = await opened('SM2')
  // SEQUENCE { x 1, y 1, hash of 32 zero bytes, ciphertext 00 }: (1, 1) is on another curve.
  const invalid = Buffer.from(`302b020101020101${`0420${'00'.repeat(32)}`}040100`, 'hex')
  await assert.rejects(async () => key.decrypt('SM2PKE', invalid), { code: 'InvalidCiphertextException' })
})

test('single bytes survive SM2PKE, whose key stream for them is zero once in 256 times', async () => {
  const { key } = await opened('SM2')
  for (let round = 0; round < 100; round++) {
    const plaintext = randomBytes(1)
    const ciphertext = await key.encrypt('SM2PKE', plaintext)
    assert.notEqual(ciphertext.at(-1), plaintext[0])
    assert.deepEqual(await key.decrypt('SM2PKE', ciphertext), plaintext)
  }
})
