/** Which material may be wrapped how (lifecycle.md IMP-15), and what the unwrapping makes of wrapped and of broken bytes. */
import assert from 'node:assert/strict'
import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { before, test } from 'node:test'
import { KEY_SPECS } from '../../../src/crypto/algorithms/index.ts'
import {
  generateWrappingKeyPair,
  isWrappable,
  unwrapMaterial,
  WRAPPING_ALGORITHMS,
  WRAPPING_KEY_SPECS,
  type WrappingAlgorithm,
} from '../../../src/crypto/import/wrapping-algorithms.ts'

const OAEP = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']
const KEY_WRAP = ['RSA_AES_KEY_WRAP_SHA_1', 'RSA_AES_KEY_WRAP_SHA_256']
const RSA_SPECS = ['RSA_2048', 'RSA_3072', 'RSA_4096']

function pairs(algorithms: readonly string[], specs: readonly string[]): string[] {
  return algorithms.flatMap((algorithm) => specs.map((spec) => `${algorithm} ${spec}`))
}

/** The table of IMP-15, written out. */
function allowed(target: string): string[] {
  if (target === 'SYMMETRIC_DEFAULT' || target.startsWith('HMAC_')) return pairs(OAEP, RSA_SPECS)
  if (target.startsWith('RSA_')) return [...pairs(KEY_WRAP, RSA_SPECS), 'SM2PKE SM2']
  if (target === 'SM2') return [...pairs(OAEP, RSA_SPECS), 'SM2PKE SM2']
  if (target === 'ECC_NIST_P521' || target === 'ECC_NIST_EDWARDS25519') {
    return [...pairs(KEY_WRAP, RSA_SPECS), ...pairs(OAEP, ['RSA_3072', 'RSA_4096'])]
  }
  return target.startsWith('ECC_') ? pairs([...KEY_WRAP, ...OAEP], RSA_SPECS) : []
}

for (const target of KEY_SPECS.keys()) {
  test(`${target}: exactly the combinations of IMP-15`, () => {
    const offered = WRAPPING_ALGORITHMS.flatMap((algorithm) =>
      WRAPPING_KEY_SPECS.filter((spec) => isWrappable(target, algorithm, spec)).map((spec) => `${algorithm} ${spec}`),
    )
    assert.deepEqual(offered.sort(), allowed(target).sort())
  })
}

let pair: Awaited<ReturnType<typeof generateWrappingKeyPair>>
before(async () => {
  pair = await generateWrappingKeyPair('RSA_2048')
})

function unwrap(algorithm: WrappingAlgorithm, wrapped: Buffer): Promise<Buffer> {
  const privateKey = Buffer.from(pair.privateKey)
  return unwrapMaterial({ algorithm, wrappingKeySpec: 'RSA_2048', privateKey, wrapped })
}

function oaep(hash: string, plaintext: Buffer, label?: Buffer): Buffer {
  const key = createPublicKey({ key: pair.publicKey, format: 'der', type: 'spki' })
  const options = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }
  return publicEncrypt(label === undefined ? options : { ...options, oaepLabel: label }, plaintext)
}

function kwp(kek: Buffer, material: Buffer): Buffer {
  return createCipheriv(`id-aes${kek.length * 8}-wrap-pad`, kek, Buffer.from('a65959a6', 'hex')).update(material)
}

test('RSA-OAEP gives back what was wrapped, under its own hash alone and without a label', async () => {
  const material = randomBytes(32)
  assert.deepEqual(await unwrap('RSAES_OAEP_SHA_256', oaep('sha256', material)), material)
  assert.deepEqual(await unwrap('RSAES_OAEP_SHA_1', oaep('sha1', material)), material)
  const broken = [
    oaep('sha1', material),
    oaep('sha256', material, Buffer.from('label')),
    randomBytes(256),
    Buffer.alloc(256),
  ]
  for (const wrapped of broken) assert.equal((await unwrap('RSAES_OAEP_SHA_256', wrapped)).length, 0)
  for (const length of [1, 255, 257, 512]) {
    assert.equal((await unwrap('RSAES_OAEP_SHA_256', randomBytes(length))).length, 0)
  }
})

test('AES key wrap takes AES keys of 128, 192 and 256 bits', async () => {
  const material = randomBytes(1219)
  for (const length of [16, 24, 32]) {
    const kek = randomBytes(length)
    const wrapped = Buffer.concat([oaep('sha256', kek), kwp(kek, material)])
    assert.deepEqual(await unwrap('RSA_AES_KEY_WRAP_SHA_256', wrapped), material)
  }
})

test('AES key wrap: a bad first part, a bad second part, another hash, another length give nothing', async () => {
  const kek = randomBytes(32)
  const first = oaep('sha256', kek)
  const second = kwp(kek, randomBytes(100))
  const broken: readonly Buffer[] = [
    Buffer.concat([randomBytes(256), second]),
    Buffer.concat([oaep('sha1', kek), second]),
    Buffer.concat([oaep('sha256', randomBytes(33)), second]),
    Buffer.concat([oaep('sha256', Buffer.alloc(0)), second]),
    Buffer.concat([first, kwp(randomBytes(32), randomBytes(100))]),
    Buffer.concat([first, second, Buffer.alloc(8)]),
    Buffer.concat([first, second.subarray(0, second.length - 8)]),
    Buffer.concat([first, second.subarray(0, second.length - 1)]),
    first,
    second,
  ]
  for (const wrapped of broken) assert.equal((await unwrap('RSA_AES_KEY_WRAP_SHA_256', wrapped)).length, 0)
})

test('the private key that unwraps is wiped', async () => {
  const privateKey = Buffer.from(pair.privateKey)
  const wrapped = oaep('sha256', randomBytes(32))
  await unwrapMaterial({ algorithm: 'RSAES_OAEP_SHA_256', wrappingKeySpec: 'RSA_2048', privateKey, wrapped })
  assert.ok(privateKey.equals(Buffer.alloc(privateKey.length)))
})
