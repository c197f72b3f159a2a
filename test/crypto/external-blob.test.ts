/** keystores.md 5.1, 3.6 and the vectors of its section 8. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashEncryptionContext } from '../../src/crypto/encryption-context.ts'
import {
  dataIntegrityValue,
  type ExternalCiphertext,
  externalAad,
  externalBlob,
  parseExternalBlob,
} from '../../src/crypto/external-blob.ts'

const hex = (text: string) => Buffer.from(text, 'hex')
const base64 = (text: string) => Buffer.from(text, 'base64')
const MATERIAL_ID = '42a85738f4fa2a72cad9949e36c546c87ed540ee69cf31c144328b6f22d49680'
const KEY = { partition: 'aws', account: '111122223333', keyId: '1234abcd-12ab-34cd-56ef-1234567890ab' }
const CONTEXT_HASH = hashEncryptionContext({ Purpose: 'Test', AppName: 'ExampleApp' })

const sealed: ExternalCiphertext = {
  iv: Buffer.alloc(12),
  metadata: Buffer.of(1),
  ciphertext: Buffer.alloc(5, 0xaa),
  tag: Buffer.alloc(16, 0xbb),
}

test('vectors V1 and V2: the data integrity value', () => {
  assert.equal(
    dataIntegrityValue(Buffer.from('tenant=blue'), sealed).toString('base64'),
    'GRC794AbdKBWGs8LUdYP3NX1vyb3RTRVQi2qIKT0o5w=',
  )
  const sample = {
    metadata: base64('a2V5X3ZlcnNpb249MQ=='),
    iv: base64('HMrlRw85cAJUd5Ax'),
    ciphertext: base64('ghxkK1txeDNn3q8Y'),
    tag: base64('vBxN2ncH1oEkR8WVXpmyYQ=='),
  }
  assert.equal(
    dataIntegrityValue(base64('cHJvamVjdD1uaWxlLGRlcGFydG1lbnQ9bWFya2V0aW5n'), sample).toString('base64'),
    'qHA/ImC9h5HsLRXqCyPmWgYx7tzyoTplzILbP0fPXsc=',
  )
})

test('vector V5: what the proxy gets as authenticated data', () => {
  const aad = externalAad(KEY, 'orders-2026', hex(MATERIAL_ID), CONTEXT_HASH)
  const binding = '2715f0b1c5e73f874a0ab8cf98c67ab5099854afac4ef9007431176350e1d7b4'
  assert.equal(aad.toString('hex'), `6b6d733a786b732d6161643a76314b4d53011000${MATERIAL_ID}${binding}`)
  assert.equal(aad.length, 84)
})

test('every name, the external id and the context change the authenticated data', () => {
  const original = externalAad(KEY, 'orders-2026', hex(MATERIAL_ID), CONTEXT_HASH)
  const others = [
    externalAad({ ...KEY, account: '111122223334' }, 'orders-2026', hex(MATERIAL_ID), CONTEXT_HASH),
    externalAad({ ...KEY, partition: 'aws-cn' }, 'orders-2026', hex(MATERIAL_ID), CONTEXT_HASH),
    externalAad(
      { ...KEY, keyId: '1234abcd-12ab-34cd-56ef-1234567890ac' },
      'orders-2026',
      hex(MATERIAL_ID),
      CONTEXT_HASH,
    ),
    externalAad(KEY, 'orders-2027', hex(MATERIAL_ID), CONTEXT_HASH),
    externalAad(KEY, 'orders-2026', Buffer.alloc(32), CONTEXT_HASH),
    externalAad(KEY, 'orders-2026', hex(MATERIAL_ID), hashEncryptionContext({})),
  ]
  for (const other of others) assert.notDeepEqual(other, original)
})

test('the layout, byte by byte', () => {
  const blob = externalBlob(hex(MATERIAL_ID), sealed)
  const header = `4b4d53011000${'0037'}${MATERIAL_ID}0c01${'00'.repeat(12)}01`
  assert.equal(blob.toString('hex'), `${header}${'aa'.repeat(5)}${'bb'.repeat(16)}`)
})

test('what is assembled is parsed again, whatever the proxy chose', () => {
  const bytes = (minLength: number, maxLength = minLength) =>
    fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array))
  const any = fc.record({
    iv: fc.oneof(bytes(12), bytes(16)),
    metadata: bytes(0, 20),
    ciphertext: bytes(1, 4212),
    tag: bytes(16),
  })
  fc.assert(
    fc.property(any, bytes(32), (given, materialId) => {
      const parsed = parseExternalBlob(externalBlob(materialId, given))
      assert.equal(parsed?.materialId, materialId.toString('hex'))
      assert.deepEqual(parsed?.sealed, { ...given })
    }),
  )
})

test('anything else is no such blob', () => {
  const blob = externalBlob(hex(MATERIAL_ID), sealed)
  const changed = (offset: number, value: number) => {
    const copy = Buffer.from(blob)
    copy[offset] = value
    return copy
  }
  // Magic, version, suite, flags, header length, length of the IV, length of the metadata.
  const broken = [
    changed(0, 0x4c),
    changed(3, 2),
    changed(4, 1),
    changed(4, 0x11),
    changed(5, 1),
    changed(6, 1),
    changed(7, 0x38),
    changed(40, 13),
    changed(40, 0),
    changed(41, 2),
    changed(41, 21),
    externalBlob(hex(MATERIAL_ID), { ...sealed, ciphertext: Buffer.alloc(0) }),
    Buffer.concat([blob, Buffer.alloc(6145 - blob.length)]),
  ]
  for (const [index, one] of broken.entries()) assert.equal(parseExternalBlob(one), undefined, `case ${index}`)
  for (let length = 0; length < blob.length - 5; length++) {
    // Shorter by up to four bytes it could be a blob with a shorter ciphertext.
    assert.equal(parseExternalBlob(blob.subarray(0, length)), undefined, `length ${length}`)
  }
})
