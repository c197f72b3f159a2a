/** What may come in as key material (lifecycle.md IMP-30 to IMP-35), and what may not. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { KEY_SPECS, keySpec, MaterialError } from '../../../src/crypto/algorithms/index.ts'

function pkcs8(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'pkcs8' })
}

function importAs(name: string, bytes: Uint8Array): Promise<Buffer> {
  return keySpec(name)!.importMaterial!(bytes)
}

/** The same outermost SEQUENCE with indefinite length: BER, not DER. */
function indefinite(der: Buffer): Buffer {
  const lengthBytes = der[1]! < 0x80 ? 1 : 1 + (der[1]! & 0x7f)
  return Buffer.concat([Buffer.from('3080', 'hex'), der.subarray(1 + lengthBytes), Buffer.alloc(2)])
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const EC_CURVES = [
  ['ECC_NIST_P256', 'P-256'],
  ['ECC_NIST_P384', 'P-384'],
  ['ECC_NIST_P521', 'P-521'],
  ['ECC_SECG_P256K1', 'secp256k1'],
  ['SM2', 'SM2'],
] as const

test('ML-DSA keys cannot be imported, all others can', () => {
  const notImportable = [...KEY_SPECS.values()].filter((spec) => spec.importMaterial === undefined)
  assert.deepEqual(notImportable.map((spec) => spec.name).sort(), ['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'])
})

test('raw material has the length of its spec', async () => {
  const lengths = [
    ['SYMMETRIC_DEFAULT', 32, 32],
    ['HMAC_224', 28, 128],
    ['HMAC_256', 32, 128],
    ['HMAC_384', 48, 128],
    ['HMAC_512', 64, 128],
  ] as const
  for (const [name, min, max] of lengths) {
    for (const length of [min, max]) {
      const bytes = randomBytes(length)
      assert.deepEqual(await importAs(name, bytes), bytes)
    }
    for (const length of [0, min - 1, max + 1]) await assert.rejects(importAs(name, randomBytes(length)), MaterialError)
  }
})

test('an RSA key comes in as DER and as BER and rests in one encoding', async () => {
  const der = pkcs8(rsa.privateKey)
  const material = await importAs('RSA_2048', der)
  assert.deepEqual(material, der)
  assert.deepEqual(await importAs('RSA_2048', indefinite(der)), der)
  const key = keySpec('RSA_2048')!.open(material)
  assert.deepEqual(key.publicKey, rsa.publicKey.export({ format: 'der', type: 'spki' }))
})

test('an RSA key of another size, kind or exponent is refused', async () => {
  await assert.rejects(importAs('RSA_3072', pkcs8(rsa.privateKey)), MaterialError)
  const odd = generateKeyPairSync('rsa', { modulusLength: 2056 })
  await assert.rejects(importAs('RSA_2048', pkcs8(odd.privateKey)), MaterialError)
  const small = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })
  await assert.rejects(importAs('RSA_2048', pkcs8(small.privateKey)), /65537/)
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
  await assert.rejects(importAs('RSA_2048', pkcs8(pss.privateKey)), MaterialError)
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await assert.rejects(importAs('RSA_2048', pkcs8(ec.privateKey)), MaterialError)
  const primes = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await assert.rejects(importAs('RSA_2048', primes.privateKey.export({ format: 'der', type: 'pkcs1' })), MaterialError)
})

/** The PKCS#8 of the key with some of its integers replaced. */
function altered(changes: Partial<Record<'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi', bigint>>): Buffer {
  const jwk = rsa.privateKey.export({ format: 'jwk' })
  for (const [name, value] of Object.entries(changes)) {
    const digits = value.toString(16)
    jwk[name as 'n'] = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex').toString('base64url')
  }
  return pkcs8(createPrivateKey({ key: jwk, format: 'jwk' }))
}

function integer(name: 'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi'): bigint {
  return BigInt(`0x${Buffer.from(rsa.privateKey.export({ format: 'jwk' })[name]!, 'base64url').toString('hex')}`)
}

test('an RSA key whose numbers do not belong together is refused', async () => {
  const [n, e, p, q] = [integer('n'), integer('e'), integer('p'), integer('q')]
  const broken = {
    'another modulus': { n: n + 2n },
    'another public exponent': { e: e + 2n },
    'another private exponent': { d: integer('d') + 2n },
    'another first factor': { p: p + 2n },
    'equal factors': { q: p },
    'another CRT exponent': { dp: integer('dp') + 2n },
    'another second CRT exponent': { dq: integer('dq') + 2n },
    'another coefficient': { qi: integer('qi') + 1n },
    'a trivial factorisation': { p: n, q: 1n },
  }
  for (const [what, changes] of Object.entries(broken)) {
    let bytes: Buffer
    try {
      bytes = altered(changes)
    } catch {
      // OpenSSL would not even write it, so nobody can send it in this way.
      continue
    }
    await assert.rejects(importAs('RSA_2048', bytes), MaterialError, what)
  }
  assert.deepEqual(await importAs('RSA_2048', altered({ p, q })), pkcs8(rsa.privateKey))
})

test('an RSA key with a factor that is not prime is refused', async () => {
  // 2^1023 + 1 is divisible by 3; the other number is a product too. Together they make a modulus of 2047 or 2048 bits.
  const e = 65537n
  const [p, q] = [(1n << 1024n) - 105n * 3n, (1n << 1024n) - 1n]
  const phi = (p - 1n) * (q - 1n)
  const d = inverse(e, phi)
  if (d === undefined) throw new Error('choose other numbers')
  const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p)! }
  assert.equal(numbers.n.toString(2).length, 2048)
  await assert.rejects(importAs('RSA_2048', altered(numbers)), /not prime/)
})

function inverse(value: bigint, modulus: bigint): bigint | undefined {
  let [r0, r1, s0, s1] = [modulus, value % modulus, 0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1, s0, s1] = [r1, r0 - quotient * r1, s1, s0 - quotient * s1]
  }
  return r0 === 1n ? ((s0 % modulus) + modulus) % modulus : undefined
}

for (const [name, namedCurve] of EC_CURVES) {
  test(`a key of ${name} comes in as DER and as BER, and no other key does`, async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
    const der = pkcs8(privateKey)
    const material = await importAs(name, der)
    assert.deepEqual(material, der)
    assert.deepEqual(await importAs(name, indefinite(der)), der)
    const spki = publicKey.export({ format: 'der', type: 'spki' })
    assert.deepEqual(keySpec(name)!.open(material).publicKey, spki)
    for (const [other] of EC_CURVES)
      if (other !== name) await assert.rejects(importAs(other, der), MaterialError, other)
    await assert.rejects(importAs(name, Buffer.concat([der, Buffer.of(0)])), /after the end/)
    await assert.rejects(importAs(name, der.subarray(0, -1)), MaterialError)
    await assert.rejects(importAs(name, pkcs8(rsa.privateKey)), MaterialError)
  })

  test(`a key of ${name} with the public point of another key is refused`, async () => {
    const der = pkcs8(generateKeyPairSync('ec', { namedCurve }).privateKey)
    const other = generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'der', type: 'spki' })
    // The point ends both encodings: 04 ‖ x ‖ y.
    const pointBytes = { 'P-384': 97, 'P-521': 133 }[namedCurve as string] ?? 65
    const mixed = Buffer.concat([der.subarray(0, -pointBytes), other.subarray(-pointBytes)])
    await assert.rejects(importAs(name, mixed), MaterialError)
  })
}

/** ECPrivateKey without the public point, which is optional (IMP-33). */
function withoutPoint(): Buffer {
  const scalar = Buffer.from('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721', 'hex')
  return Buffer.concat([
    Buffer.from('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420', 'hex'),
    scalar,
  ])
}

test('a missing public point is computed', async () => {
  const key = keySpec('ECC_NIST_P256')!.open(await importAs('ECC_NIST_P256', withoutPoint()))
  // RFC 6979, section A.2.5: the public key of this private key.
  const x = '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6'
  const y = '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'
  assert.equal(key.publicKey!.subarray(-64).toString('hex'), x + y)
})

test('private keys outside of 1 to order - 1 are refused', async () => {
  const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
  for (const scalar of ['00'.repeat(32), order, 'ff'.repeat(32)]) {
    const bytes = Buffer.concat([withoutPoint().subarray(0, -32), Buffer.from(scalar, 'hex')])
    await assert.rejects(importAs('ECC_NIST_P256', bytes), MaterialError, scalar)
  }
})

test('curve parameters that are spelled out are refused', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })
  await assert.rejects(importAs('ECC_NIST_P256', pkcs8(privateKey)), MaterialError)
})

test('an SM2 key that is order - 1 is refused, because it has no signatures', async () => {
  const der = pkcs8(generateKeyPairSync('ec', { namedCurve: 'SM2' }).privateKey)
  const at = der.indexOf(Buffer.from('0201010420', 'hex')) + 5
  Buffer.from('fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122', 'hex').copy(der, at)
  await assert.rejects(importAs('SM2', der), MaterialError)
})

test('an Ed25519 key comes in as DER only', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const der = pkcs8(privateKey)
  const material = await importAs('ECC_NIST_EDWARDS25519', der)
  assert.deepEqual(material, der)
  assert.deepEqual(
    createPublicKey(createPrivateKey({ key: material, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' }),
    publicKey.export({ format: 'jwk' }),
  )
  await assert.rejects(importAs('ECC_NIST_EDWARDS25519', indefinite(der)), MaterialError)
  await assert.rejects(importAs('ECC_NIST_EDWARDS25519', Buffer.concat([der, Buffer.of(0)])), MaterialError)
  const x25519 = generateKeyPairSync('x25519').privateKey
  await assert.rejects(importAs('ECC_NIST_EDWARDS25519', pkcs8(x25519)), MaterialError)
})

test('bytes at random are never material of an asymmetric spec, and altered ones are refused or the same key', async () => {
  const good = pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  const names = ['RSA_2048', 'ECC_NIST_P256', 'ECC_NIST_EDWARDS25519', 'SM2']
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.uint8Array({ maxLength: 300 }), async (name, bytes) => {
      await assert.rejects(importAs(name, bytes), MaterialError)
    }),
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const bytes = Buffer.from(good)
      bytes[at]! ^= mask
      // BER has more than one spelling of a point (hybrid form, unused bits that are zero): the same key, encoded anew.
      const material = await importAs('ECC_NIST_P256', bytes).catch((error: unknown) => error)
      if (!(material instanceof MaterialError)) assert.deepEqual(material, good)
    }),
  )
})
