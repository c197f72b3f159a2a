/** lifecycle.md 8.5 and its appendix A. */
import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { KmsError } from '../../src/base/errors.ts'
import { materialIdOfBlob } from '../../src/crypto/blob-material.ts'
import { blobKey, INNER_SUITE, openBlob, sealBlob } from '../../src/crypto/ciphertext-blob.ts'
import { canonicalEncryptionContext, hashEncryptionContext } from '../../src/crypto/encryption-context.ts'
import { keyMaterialId } from '../../src/crypto/key-material-id.ts'

const hex = (text: string) => Buffer.from(text, 'hex')
const range = (from: number, to: number) =>
  Buffer.from(Array.from({ length: to - from + 1 }, (_, index) => from + index))

const HBK = range(0x00, 0x1f)
const ACCOUNT = '111122223333'
const KEY_ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const CONTEXT = { Purpose: 'Test', AppName: 'ExampleApp' }
const NONCES = Buffer.concat([range(0x10, 0x1f), range(0x20, 0x2b)])
const MATERIAL_ID = '42a85738f4fa2a72cad9949e36c546c87ed540ee69cf31c144328b6f22d49680'
const H_EC = 'f3dd4afd8af23ddec0a74f7a402928d576b697bf149474ce2043b25b867b056a'
const BLOB = `4b4d530101000064${MATERIAL_ID}101112131415161718191a1b1c1d1e1f202122232425262728292a2bce908a2d3e7bdce155dc46a92c33b06dbabecb6538a344b370f5580664ed56190d6c2cb06487761eb6ef63f82c4ae3b5c5feb9c402`

const hbk = createSecretKey(HBK)
const names = { partition: 'aws', account: ACCOUNT, keyId: KEY_ID }
const key = blobKey(hbk, MATERIAL_ID, names)
const contextHash = hashEncryptionContext(CONTEXT)

const isInvalidCiphertext = (error: unknown) =>
  error instanceof KmsError && error.code === 'InvalidCiphertextException' && error.text === undefined

test('the test vector of appendix A: every intermediate value and the blob', () => {
  assert.equal(keyMaterialId(HBK, ACCOUNT, KEY_ID), MATERIAL_ID)
  assert.equal(
    canonicalEncryptionContext(CONTEXT).toString('hex'),
    '0100000002000000074170704e616d650000000a4578616d706c6541707000000007507572706f73650000000454657374',
  )
  assert.equal(contextHash.toString('hex'), H_EC)
  assert.equal(
    hashEncryptionContext({}).toString('hex'),
    '957b88b12730e646e0f33d3618b77dfa579e8231e3c59c7104be7165611c8027',
  )
  const blob = sealBlob(key, NONCES, contextHash, Buffer.from('hello'))
  assert.equal(blob.toString('hex'), BLOB)
  assert.equal(openBlob(key, contextHash, blob).toString(), 'hello')
  assert.equal(materialIdOfBlob(blob), MATERIAL_ID)
})

test('the inner suite derives other keys, and its blobs are none by themselves', () => {
  const blob = sealBlob(key, NONCES, contextHash, Buffer.from('hello'), INNER_SUITE)
  assert.equal(blob.toString('hex', 0, 40), `4b4d530111000064${MATERIAL_ID}`)
  assert.notEqual(blob.toString('hex', 68, 100), BLOB.slice(68 * 2, 100 * 2), 'the commitment')
  assert.notEqual(blob.toString('hex', 100), BLOB.slice(100 * 2), 'the ciphertext')
  assert.equal(openBlob(key, contextHash, blob, INNER_SUITE).toString(), 'hello')
  assert.throws(() => openBlob(key, contextHash, blob), isInvalidCiphertext)
  assert.throws(() => openBlob(key, contextHash, hex(BLOB), INNER_SUITE), isInvalidCiphertext)
  assert.throws(() => materialIdOfBlob(blob), isInvalidCiphertext)
  const renamed = Buffer.from(blob)
  renamed[4] = 0x01
  assert.throws(() => openBlob(key, contextHash, renamed), isInvalidCiphertext)
})

test('absent and empty contexts are the same, and the order of pairs does not matter', () => {
  assert.deepEqual(hashEncryptionContext(undefined), hashEncryptionContext({}))
  const reversed = hashEncryptionContext({ AppName: 'ExampleApp', Purpose: 'Test' })
  assert.deepEqual(reversed, contextHash)
})

test('a flipped bit at any offset fails, always alike', () => {
  const blob = hex(BLOB)
  for (let bit = 0; bit < blob.length * 8; bit++) {
    const flipped = Buffer.from(blob)
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    assert.throws(() => openBlob(key, contextHash, flipped), isInvalidCiphertext, `bit ${bit}`)
  }
})

test('truncation at any length and any extension fail', () => {
  const blob = hex(BLOB)
  for (let length = 0; length < blob.length; length++) {
    assert.throws(() => openBlob(key, contextHash, blob.subarray(0, length)), isInvalidCiphertext, `length ${length}`)
  }
  assert.throws(() => openBlob(key, contextHash, Buffer.concat([blob, Buffer.of(0)])), isInvalidCiphertext)
})

test('another context, key, account or partition fails', () => {
  const blob = hex(BLOB)
  const others = [
    { ...key, hbk: createSecretKey(randomBytes(32)) },
    blobKey(hbk, MATERIAL_ID, { ...names, account: '444455556666' }),
    blobKey(hbk, MATERIAL_ID, { ...names, partition: 'aws-cn' }),
    blobKey(hbk, MATERIAL_ID, { ...names, keyId: KEY_ID.replace('1', '2') }),
    blobKey(hbk, randomBytes(32).toString('hex'), names),
  ]
  for (const other of others) assert.throws(() => openBlob(other, contextHash, blob), isInvalidCiphertext)
  for (const context of [
    undefined,
    { Purpose: 'Test' },
    { purpose: 'Test', AppName: 'ExampleApp' },
    { ...CONTEXT, x: '' },
  ]) {
    assert.throws(() => openBlob(key, hashEncryptionContext(context), blob), isInvalidCiphertext)
  }
})

test('keys whose names differ in length do not disturb one another', () => {
  const keys = ['aws', 'aws-us-gov', 'aws-cn'].map((partition) => blobKey(hbk, MATERIAL_ID, { ...names, partition }))
  const blobs = keys.map((one) => sealBlob(one, NONCES, contextHash, Buffer.from('hello')))
  assert.equal(blobs[0]!.toString('hex'), BLOB)
  for (const [index, one] of keys.entries()) {
    for (const [of, blob] of blobs.entries()) {
      if (of === index) assert.equal(openBlob(one, contextHash, blob).toString(), 'hello')
      else assert.throws(() => openBlob(one, contextHash, blob), isInvalidCiphertext)
    }
  }
})

test('flags, suites and versions that do not exist are refused', () => {
  for (const [offset, value] of [
    [3, 2],
    [4, 0x02],
    [4, 0x11],
    [4, 0x80],
    [5, 1],
    [7, 0x65],
  ] as const) {
    const blob = hex(BLOB)
    blob[offset] = value
    assert.throws(() => materialIdOfBlob(blob), isInvalidCiphertext)
  }
})

test('sizes: plaintext plus 116 bytes, and nothing longer than a request may carry', () => {
  for (const length of [1, 32, 4096]) {
    assert.equal(sealBlob(key, NONCES, contextHash, Buffer.alloc(length)).length, length + 116)
  }
  assert.throws(() => materialIdOfBlob(Buffer.concat([hex(BLOB), Buffer.alloc(6144)])), isInvalidCiphertext)
})

test('names are sorted by their UTF-8 bytes, which is another order than that of UTF-16 beyond U+D7FF (ENV-12)', () => {
  const canonical = canonicalEncryptionContext({ '\u{1F511}': 'ü', '\uFFFD': '', b: '1', B: '22' })
  const inOrder = [
    ['0000000142', '000000023232'],
    ['0000000162', '0000000131'],
    ['00000003efbfbd', '00000000'],
    ['00000004f09f9491', '00000002c3bc'],
  ]
  assert.equal(canonical.toString('hex'), ['01', '00000004', ...inOrder.flat()].join(''))
})

test('two pairs never share a canonical form with one (length prefixes)', () => {
  const pair = fc.dictionary(fc.string(), fc.string(), { maxKeys: 4, noNullPrototype: false })
  fc.assert(
    fc.property(pair, pair, (left, right) => {
      const same = JSON.stringify(Object.entries(left).sort()) === JSON.stringify(Object.entries(right).sort())
      return canonicalEncryptionContext(left).equals(canonicalEncryptionContext(right)) === same
    }),
  )
})

test('whatever the bytes, the parser throws InvalidCiphertextException and nothing else', () => {
  const mutated = fc
    .tuple(
      fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 5 }),
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(121),
    )
    .map(([edits, tail, end]) => {
      const blob = Buffer.concat([hex(BLOB).subarray(0, end), tail])
      for (const [offset, value] of edits) if (offset < blob.length) blob[offset] = value
      return blob
    })
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
  let refused = 0
  fc.assert(
    fc.property(fc.oneof(bytes, mutated), (blob) => {
      if (blob.toString('hex') === BLOB) return
      assert.throws(() => openBlob(key, contextHash, blob), isInvalidCiphertext)
      refused++
    }),
    { numRuns: 5000 },
  )
  assert.ok(refused > 4000)
})

test('a round trip gives back any plaintext under any context', () => {
  const context = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), {
    maxKeys: 5,
    noNullPrototype: false,
  })
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 4096 }), context, (plaintext, pairs) => {
      const hash = hashEncryptionContext(pairs)
      const blob = sealBlob(key, randomBytes(28), hash, plaintext)
      return openBlob(key, hash, blob).equals(plaintext)
    }),
  )
})
