/** Both directions against implementations that are not ours: the OpenSSL command line, Python, WebCrypto, noble. */
import assert from 'node:assert/strict'
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hash,
  randomBytes,
  subtle,
} from 'node:crypto'
import { test } from 'node:test'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'
import { type KeySpec, keySpec, type OpenKey } from '../../../src/crypto/algorithms/index.ts'
import {
  sign as signEd25519ph,
  verify as verifyEd25519ph,
} from '../../../src/crypto/algorithms/off-thread/ed25519ph.ts'
import {
  NO_OPENSSL,
  NO_OPENSSL_SM2,
  NO_PYTHON,
  NO_PYTHON_ML_DSA,
  openssl,
  opensslAccepts,
  python,
} from './support/openssl.ts'

interface Opened {
  readonly spec: KeySpec
  readonly key: OpenKey
  readonly publicKey: Buffer
  /** PKCS#8 DER. */
  readonly privateKey: Buffer
}

const keys = new Map<string, Promise<Opened>>()

async function make(name: string): Promise<Opened> {
  const spec = keySpec(name)!
  const material = await spec.generate()
  const privateKey = Buffer.from(material)
  const key = spec.open(material)
  return { spec, key, publicKey: key.publicKey!, privateKey }
}

/** One key of each spec for the whole file. */
function opened(name: string): Promise<Opened> {
  const known = keys.get(name) ?? make(name)
  keys.set(name, known)
  return known
}

const RSA_SIGNATURES = ['RSA_2048', 'RSA_3072', 'RSA_4096'].flatMap((name) =>
  ['256', '384', '512'].flatMap((bits) => [
    [name, `RSASSA_PKCS1_V1_5_SHA_${bits}`, `sha${bits}`, undefined] as const,
    [name, `RSASSA_PSS_SHA_${bits}`, `sha${bits}`, Number(bits) / 8] as const,
  ]),
)

test('OpenSSL verifies our RSA signatures, PSS with exactly the salt of the digest length', {
  skip: NO_OPENSSL,
}, async () => {
  for (const [name, algorithm, hashName, salt] of RSA_SIGNATURES) {
    const { key, publicKey } = await opened(name)
    const message = randomBytes(1000)
    const digest = hash(hashName, message, 'buffer')
    const options = salt === undefined ? [] : ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', `rsa_pss_saltlen:${salt}`]
    for (const signature of [await key.sign(algorithm, 'RAW', message), await key.sign(algorithm, 'DIGEST', digest)]) {
      const args = [
        'dgst',
        `-${hashName}`,
        ...options,
        '-verify',
        'public',
        '-keyform',
        'DER',
        '-signature',
        'signature',
        'message',
      ]
      assert.ok(opensslAccepts(args, { public: publicKey, signature, message }), `${name} ${algorithm}`)
      assert.ok(!opensslAccepts(args, { public: publicKey, signature, message: randomBytes(1000) }))
    }
  }
})

test('we verify the RSA signatures of OpenSSL, and none with a salt of another length', {
  skip: NO_OPENSSL,
}, async () => {
  for (const [name, algorithm, hashName, salt] of RSA_SIGNATURES) {
    const { key, privateKey } = await opened(name)
    const message = randomBytes(1000)
    const digest = hash(hashName, message, 'buffer')
    const sign = (saltBytes: number | undefined) => {
      const options =
        saltBytes === undefined ? [] : ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', `rsa_pss_saltlen:${saltBytes}`]
      const args = ['dgst', `-${hashName}`, ...options, '-sign', 'private', '-keyform', 'DER', 'message']
      return openssl(args, { private: privateKey, message })
    }
    const signature = sign(salt)
    assert.equal(await key.verify(algorithm, 'RAW', message, signature), true)
    assert.equal(await key.verify(algorithm, 'DIGEST', digest, signature), true)
    if (salt === undefined) continue
    for (const other of [0, 20, salt + 1]) {
      const lax = sign(other)
      assert.equal(await key.verify(algorithm, 'RAW', message, lax), false, `salt of ${other}`)
      assert.equal(await key.verify(algorithm, 'DIGEST', digest, lax), false, `salt of ${other}`)
    }
  }
})

const ECDSA = [
  ['ECC_NIST_P256', 'ECDSA_SHA_256', 'sha256', p256],
  ['ECC_NIST_P384', 'ECDSA_SHA_384', 'sha384', p384],
  ['ECC_NIST_P521', 'ECDSA_SHA_512', 'sha512', p521],
  ['ECC_SECG_P256K1', 'ECDSA_SHA_256', 'sha256', secp256k1],
] as const

test('OpenSSL verifies our ECDSA signatures, and we verify those of OpenSSL', { skip: NO_OPENSSL }, async () => {
  for (const [name, algorithm, hashName] of ECDSA) {
    const { key, publicKey, privateKey } = await opened(name)
    const message = randomBytes(1000)
    const digest = hash(hashName, message, 'buffer')
    for (const signature of [await key.sign(algorithm, 'RAW', message), await key.sign(algorithm, 'DIGEST', digest)]) {
      const args = [
        'dgst',
        `-${hashName}`,
        '-verify',
        'public',
        '-keyform',
        'DER',
        '-signature',
        'signature',
        'message',
      ]
      assert.ok(opensslAccepts(args, { public: publicKey, signature, message }), name)
    }
    const args = ['dgst', `-${hashName}`, '-sign', 'private', '-keyform', 'DER', 'message']
    const signature = openssl(args, { private: privateKey, message })
    assert.equal(await key.verify(algorithm, 'RAW', message, signature), true)
    assert.equal(await key.verify(algorithm, 'DIGEST', digest, signature), true)
  }
})

test('noble verifies our ECDSA signatures of RAW messages, high S or low', async () => {
  for (const [name, algorithm, hashName, curve] of ECDSA) {
    const { key, publicKey } = await opened(name)
    const point = createPublicKey({ key: publicKey, format: 'der', type: 'spki' }).export({
      format: 'raw-public',
      type: 'uncompressed',
    })
    const message = randomBytes(100)
    const signature = await key.sign(algorithm, 'RAW', message)
    const options = { prehash: false, lowS: false, format: 'der' } as const
    assert.ok(curve.verify(signature, hash(hashName, message, 'buffer'), point, options), name)
  }
})

/** Web Cryptography's types want memory that is not shared. */
function unshared(bytes: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

test('WebCrypto verifies our signatures', async () => {
  const message = randomBytes(100)
  const { key: rsa, publicKey: rsaPublic } = await opened('RSA_2048')
  const pssKey = await subtle.importKey('spki', unshared(rsaPublic), { name: 'RSA-PSS', hash: 'SHA-256' }, false, [
    'verify',
  ])
  for (const signature of [
    await rsa.sign('RSASSA_PSS_SHA_256', 'RAW', message),
    await rsa.sign('RSASSA_PSS_SHA_256', 'DIGEST', hash('sha256', message, 'buffer')),
  ]) {
    assert.ok(await subtle.verify({ name: 'RSA-PSS', saltLength: 32 }, pssKey, unshared(signature), message))
  }
  const { key: edwards, publicKey: edwardsPublic } = await opened('ECC_NIST_EDWARDS25519')
  const edKey = await subtle.importKey('spki', unshared(edwardsPublic), 'Ed25519', false, ['verify'])
  const edSignature = await edwards.sign('ED25519_SHA_512', 'RAW', message)
  assert.ok(await subtle.verify('Ed25519', edKey, unshared(edSignature), message))
})

const OAEP = [
  ['RSAES_OAEP_SHA_1', 'sha1'],
  ['RSAES_OAEP_SHA_256', 'sha256'],
] as const

test('OpenSSL opens our OAEP ciphertexts, and we open those of OpenSSL', { skip: NO_OPENSSL }, async () => {
  for (const name of ['RSA_2048', 'RSA_3072', 'RSA_4096']) {
    const { key, publicKey, privateKey } = await opened(name)
    for (const [algorithm, hashName] of OAEP) {
      const options = [
        '-pkeyopt',
        'rsa_padding_mode:oaep',
        '-pkeyopt',
        `rsa_oaep_md:${hashName}`,
        '-pkeyopt',
        `rsa_mgf1_md:${hashName}`,
      ]
      const text = randomBytes(100)
      const ours = await key.encrypt(algorithm, text)
      const decrypt = ['pkeyutl', '-decrypt', '-keyform', 'DER', '-inkey', 'private', ...options, '-in', 'text']
      assert.deepEqual(openssl(decrypt, { private: privateKey, text: ours }), text)
      const encrypt = [
        'pkeyutl',
        '-encrypt',
        '-pubin',
        '-keyform',
        'DER',
        '-inkey',
        'public',
        ...options,
        '-in',
        'text',
      ]
      assert.deepEqual(await key.decrypt(algorithm, openssl(encrypt, { public: publicKey, text })), text)
    }
  }
})

const CURVES = [
  ['ECC_NIST_P256', 'P-256'],
  ['ECC_NIST_P384', 'P-384'],
  ['ECC_NIST_P521', 'P-521'],
] as const

test('OpenSSL derives the same shared secret', { skip: NO_OPENSSL }, async () => {
  for (const [name, namedCurve] of CURVES) {
    const { key, publicKey } = await opened(name)
    const peer = generateKeyPairSync('ec', { namedCurve })
    const shared = await key.agree('ECDH', peer.publicKey.export({ format: 'der', type: 'spki' }))
    const args = [
      'pkeyutl',
      '-derive',
      '-keyform',
      'DER',
      '-inkey',
      'private',
      '-peerform',
      'DER',
      '-peerkey',
      'public',
    ]
    const files = { private: peer.privateKey.export({ format: 'der', type: 'pkcs8' }), public: publicKey }
    assert.deepEqual(openssl(args, files), shared)
  }
})

test('OpenSSL reads and checks the keys of data key pairs, EC keys with parameters and point', {
  skip: NO_OPENSSL,
}, async () => {
  const names = [
    'RSA_2048',
    'ECC_NIST_P256',
    'ECC_NIST_P384',
    'ECC_NIST_P521',
    'ECC_SECG_P256K1',
    'ECC_NIST_EDWARDS25519',
  ]
  for (const name of names) {
    const pair = await keySpec(name)!.generatePair!()
    const files = { private: pair.privateKey }
    if (name !== 'ECC_NIST_EDWARDS25519') {
      assert.ok(opensslAccepts(['pkey', '-inform', 'DER', '-in', 'private', '-check', '-noout'], files), name)
    }
    const derived = openssl(['pkey', '-inform', 'DER', '-in', 'private', '-pubout', '-outform', 'DER'], files)
    assert.deepEqual(derived, pair.publicKey, name)
  }
})

const GENPKEY = [
  ['RSA_3072', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072']],
  ['ECC_NIST_P256', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
  ['ECC_NIST_P384', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384']],
  ['ECC_NIST_P521', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521']],
  ['ECC_SECG_P256K1', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1']],
  ['ECC_NIST_EDWARDS25519', ['-algorithm', 'ED25519']],
] as const

test('keys that OpenSSL made can be imported', { skip: NO_OPENSSL }, async () => {
  for (const [name, args] of GENPKEY) {
    const bytes = openssl(['genpkey', ...args, '-outform', 'DER'], {})
    const pkcs8 = openssl(['pkcs8', '-topk8', '-nocrypt', '-inform', 'DER', '-in', 'key', '-outform', 'DER'], {
      key: bytes,
    })
    const spec = keySpec(name)!
    const key = spec.open(await spec.importMaterial!(pkcs8))
    const expected = openssl(['pkey', '-inform', 'DER', '-in', 'key', '-pubout', '-outform', 'DER'], { key: pkcs8 })
    assert.deepEqual(key.publicKey, expected, name)
  }
})

test('OpenSSL makes the same MACs', { skip: NO_OPENSSL }, async () => {
  for (const bits of ['224', '256', '384', '512']) {
    const spec = keySpec(`HMAC_${bits}`)!
    const material = await spec.generate()
    const message = randomBytes(500)
    const args = [
      'dgst',
      `-sha${bits}`,
      '-mac',
      'HMAC',
      '-macopt',
      `hexkey:${material.toString('hex')}`,
      '-binary',
      'message',
    ]
    const expected = openssl(args, { message })
    assert.deepEqual(spec.open(material).mac(`HMAC_SHA_${bits}`, message), expected)
  }
})

const SM2_ID = ['-sigopt', 'distid:1234567812345678']

test('OpenSSL verifies our SM2 signatures with the default identity, and we verify those of OpenSSL', {
  skip: NO_OPENSSL_SM2,
}, async () => {
  const { key, publicKey, privateKey } = await opened('SM2')
  const message = randomBytes(1000)
  const digest = sm2Digest(publicKey, message)
  for (const signature of [await key.sign('SM2DSA', 'RAW', message), await key.sign('SM2DSA', 'DIGEST', digest)]) {
    const args = [
      'dgst',
      '-sm3',
      ...SM2_ID,
      '-verify',
      'public',
      '-keyform',
      'DER',
      '-signature',
      'signature',
      'message',
    ]
    assert.ok(opensslAccepts(args, { public: publicKey, signature, message }))
    assert.ok(!opensslAccepts(args, { public: publicKey, signature, message: randomBytes(1000) }))
  }
  const args = ['dgst', '-sm3', ...SM2_ID, '-sign', 'private', '-keyform', 'DER', 'message']
  const signature = openssl(args, { private: privateKey, message })
  assert.equal(await key.verify('SM2DSA', 'RAW', message, signature), true)
  assert.equal(await key.verify('SM2DSA', 'DIGEST', digest, signature), true)
  assert.equal(await key.verify('SM2DSA', 'RAW', randomBytes(1000), signature), false)
})

/** GM/T 0009, sections 8.1 and 10: SM3(Z ‖ M) with Z over identity, curve and public key, as a client makes it. */
function sm2Digest(spki: Buffer, message: Buffer): Buffer {
  const [a, b] = [
    'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc',
    '28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93',
  ]
  const [x, y] = [
    '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7',
    'bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0',
  ]
  const z = createHash('sm3')
    .update(Buffer.from('0080', 'hex'))
    .update('1234567812345678')
    .update(Buffer.from(a + b + x + y, 'hex'))
    .update(spki.subarray(-64))
    .digest()
  return createHash('sm3').update(z).update(message).digest()
}

test('OpenSSL opens our SM2 ciphertexts, and we open those of OpenSSL', { skip: NO_OPENSSL_SM2 }, async () => {
  const { key, publicKey, privateKey } = await opened('SM2')
  for (const length of [1, 32, 100, 1024]) {
    const text = randomBytes(length)
    const ours = await key.encrypt('SM2PKE', text)
    const decrypt = ['pkeyutl', '-decrypt', '-keyform', 'DER', '-inkey', 'private', '-in', 'text']
    assert.deepEqual(openssl(decrypt, { private: privateKey, text: ours }), text)
    const encrypt = ['pkeyutl', '-encrypt', '-pubin', '-keyform', 'DER', '-inkey', 'public', '-in', 'text']
    const theirs = openssl(encrypt, { public: publicKey, text })
    assert.deepEqual(await key.decrypt('SM2PKE', theirs), text)
  }
})

test('a SM2 key pair that OpenSSL made can be imported', { skip: NO_OPENSSL_SM2 }, async () => {
  const bytes = openssl(['genpkey', '-algorithm', 'SM2', '-outform', 'DER'], {})
  const pkcs8 = openssl(['pkcs8', '-topk8', '-nocrypt', '-inform', 'DER', '-in', 'key', '-outform', 'DER'], {
    key: bytes,
  })
  const spec = keySpec('SM2')!
  const key = spec.open(await spec.importMaterial!(pkcs8))
  const expected = openssl(['pkey', '-inform', 'DER', '-in', 'key', '-pubout', '-outform', 'DER'], { key: pkcs8 })
  assert.deepEqual(key.publicKey, expected)
})

/** node:crypto agrees on the SM2 curve with keys that it made itself; that is OpenSSL, not the library that we use. */
test('node:crypto derives the same SM2 shared secret', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' })
  const own = keySpec('SM2')!.open(privateKey.export({ format: 'der', type: 'pkcs8' }))
  const peer = generateKeyPairSync('ec', { namedCurve: 'SM2' })
  const shared = await own.agree('ECDH', peer.publicKey.export({ format: 'der', type: 'spki' }))
  assert.deepEqual(shared, diffieHellman({ privateKey, publicKey: peer.publicKey }))
  assert.deepEqual(own.publicKey, publicKey.export({ format: 'der', type: 'spki' }))
})

const ML_DSA = [
  ['ML_DSA_44', ml_dsa44, 'MLDSA44'],
  ['ML_DSA_65', ml_dsa65, 'MLDSA65'],
  ['ML_DSA_87', ml_dsa87, 'MLDSA87'],
] as const

/** FIPS 204, Algorithm 7, steps 1 and 6, with the empty context. */
function externalMu(publicKey: Uint8Array, message: Uint8Array): Buffer {
  const tr = createHash('shake256', { outputLength: 64 }).update(publicKey).digest()
  return createHash('shake256', { outputLength: 64 }).update(tr).update(Buffer.alloc(2)).update(message).digest()
}

function rawPublicKey(spki: Buffer): Buffer {
  return createPublicKey({ key: spki, format: 'der', type: 'spki' }).export({ format: 'raw-public' })
}

test('ML-DSA signatures over a message and over its representative verify against each other, and with noble', async () => {
  for (const [name, noble] of ML_DSA) {
    const { key, publicKey } = await opened(name)
    const raw = rawPublicKey(publicKey)
    const message = randomBytes(1000)
    const mu = externalMu(raw, message)
    const fromRaw = await key.sign('ML_DSA_SHAKE_256', 'RAW', message)
    const fromMu = await key.sign('ML_DSA_SHAKE_256', 'EXTERNAL_MU', mu)
    for (const signature of [fromRaw, fromMu]) {
      assert.equal(await key.verify('ML_DSA_SHAKE_256', 'RAW', message, signature), true)
      assert.equal(await key.verify('ML_DSA_SHAKE_256', 'EXTERNAL_MU', mu, signature), true)
      assert.equal(await key.verify('ML_DSA_SHAKE_256', 'EXTERNAL_MU', randomBytes(64), signature), false)
      assert.ok(noble.verify(signature, message, raw))
    }
  }
})

const PYTHON_ML_DSA = `
import sys
from cryptography.hazmat.primitives.serialization import load_der_public_key
key = load_der_public_key(open('public', 'rb').read())
for name in ('fromRaw', 'fromMu'):
    key.verify(open(name, 'rb').read(), open('message', 'rb').read())
sys.stdout.write('verified')
`

test('Python verifies our ML-DSA signatures and reads our public keys', { skip: NO_PYTHON_ML_DSA }, async () => {
  for (const [name] of ML_DSA) {
    const { key, publicKey } = await opened(name)
    const message = randomBytes(1000)
    const fromRaw = await key.sign('ML_DSA_SHAKE_256', 'RAW', message)
    const fromMu = await key.sign('ML_DSA_SHAKE_256', 'EXTERNAL_MU', externalMu(rawPublicKey(publicKey), message))
    assert.equal(python(PYTHON_ML_DSA, { public: publicKey, message, fromRaw, fromMu }).toString(), 'verified')
  }
})

const PYTHON_SIGNATURES = `
import sys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key
read = lambda name: open(name, 'rb').read()
message, digest = read('message'), read('digest')
prehashed = utils.Prehashed(hashes.SHA256())
pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
load_der_public_key(read('rsa')).verify(read('rsaSignature'), digest, pss, prehashed)
load_der_public_key(read('ec')).verify(read('ecSignature'), digest, ec.ECDSA(prehashed))
load_der_public_key(read('ed')).verify(read('edSignature'), message)
sys.stdout.write('verified')
`

test('Python verifies our signatures over digests and of Ed25519', { skip: NO_PYTHON }, async () => {
  const [rsa, ec, ed] = [await opened('RSA_2048'), await opened('ECC_NIST_P256'), await opened('ECC_NIST_EDWARDS25519')]
  const message = randomBytes(100)
  const digest = hash('sha256', message, 'buffer')
  const files = {
    message,
    digest,
    rsa: rsa.publicKey,
    rsaSignature: await rsa.key.sign('RSASSA_PSS_SHA_256', 'DIGEST', digest),
    ec: ec.publicKey,
    ecSignature: await ec.key.sign('ECDSA_SHA_256', 'DIGEST', digest),
    ed: ed.publicKey,
    edSignature: await ed.key.sign('ED25519_SHA_512', 'RAW', message),
  }
  assert.equal(python(PYTHON_SIGNATURES, files).toString(), 'verified')
})

test('Ed25519ph makes and takes the signature of RFC 8032, section 7.3', () => {
  const seed = Buffer.from('833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42', 'hex')
  const expected =
    '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41' +
    '31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406'
  const privateKey = createPrivateKey({ key: seed, format: 'raw-private', asymmetricKeyType: 'ed25519' })
  const publicKey = createPublicKey(privateKey)
  assert.equal(
    publicKey.export({ format: 'raw-public' }).toString('hex'),
    'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
  )
  assert.equal(Buffer.from(signEd25519ph(privateKey, Buffer.from('abc'))).toString('hex'), expected)
  assert.equal(verifyEd25519ph(publicKey, Buffer.from('abc'), Buffer.from(expected, 'hex')), true)
  assert.equal(verifyEd25519ph(publicKey, Buffer.from('abd'), Buffer.from(expected, 'hex')), false)
  assert.equal(verifyEd25519ph(publicKey, Buffer.from('abc'), Buffer.alloc(63)), false)
})

test('a PKCS#1 v1.5 signature that begins with a zero does not verify without it', async () => {
  const { key } = await opened('RSA_2048')
  for (let number = 0; ; number++) {
    const message = Buffer.from(String(number))
    const signature = await key.sign('RSASSA_PKCS1_V1_5_SHA_256', 'RAW', message)
    if (signature[0] !== 0) continue
    const digest = hash('sha256', message, 'buffer')
    for (const [type, signed] of [
      ['RAW', message],
      ['DIGEST', digest],
    ] as const) {
      assert.equal(await key.verify('RSASSA_PKCS1_V1_5_SHA_256', type, signed, signature), true)
      assert.equal(await key.verify('RSASSA_PKCS1_V1_5_SHA_256', type, signed, signature.subarray(1)), false)
    }
    return
  }
})
