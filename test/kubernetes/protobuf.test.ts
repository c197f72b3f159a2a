/**
 * The wire format of Protocol Buffers, with the examples of protobuf.dev/programming-guides/encoding. Google's own libraries read and write the same
 * messages in test/compat/kubernetes.test.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesField, MalformedMessage, readFields, stringField, writeFields } from '../../src/kubernetes/protobuf.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

test('field 2 with the text "testing" is 12 07 74 65 73 74 69 6e 67', () => {
  const bytes = hex('12 07 74 65 73 74 69 6e 67')
  assert.deepEqual(writeFields({ 2: 'testing' }), bytes)
  assert.equal(stringField(readFields(bytes), 2), 'testing')
})

test('a field that is not there is empty, and an empty one is not written', () => {
  assert.equal(stringField(readFields(Buffer.alloc(0)), 2), '')
  assert.deepEqual(bytesField(readFields(Buffer.alloc(0)), 1), Buffer.alloc(0))
  assert.deepEqual(writeFields({ 1: '', 2: Buffer.alloc(0) }), Buffer.alloc(0))
})

test('lengths and keys of more than a byte are varints: 150 is 96 01, field 16 is 82 01', () => {
  const bytes = writeFields({ 16: Buffer.alloc(150, 7) })
  assert.deepEqual(bytes.subarray(0, 4), hex('82 01 96 01'))
  assert.deepEqual(bytesField(readFields(bytes), 16), Buffer.alloc(150, 7))
})

test('of a field that is there twice the last counts', () => {
  assert.equal(stringField(readFields(hex('0a 01 61 0a 01 62')), 1), 'b')
})

test('fields of all kinds that nobody knows are passed over', () => {
  // A varint (field 1: 150), 64 bits, 32 bits, a message (field 3: {1: 150}), then field 2.
  const bytes = hex('08 96 01  21 0102030405060708  2d 01020304  1a 03 08 96 01  12 02 68 69')
  assert.equal(stringField(readFields(bytes), 2), 'hi')
})

test('what is no message is refused', () => {
  const broken = {
    'a length beyond the end': '0a 05 61',
    'a length that is not there': '0a',
    'a key without an end': '80',
    'a varint of eleven bytes': '08 ffffffffffffffffffff 01',
    'a length of 2^63': '0a 80808080808080808001',
    'the field 0': '02 00',
    'a group': '0b 0c',
    'the wire type 7': '0f',
    'half of 64 bits': '09 01020304',
  }
  for (const [what, bytes] of Object.entries(broken)) {
    assert.throws(() => readFields(hex(bytes)), MalformedMessage, what)
  }
})

test('a text that is not UTF-8 is refused, as bytes it may stay', () => {
  const fields = readFields(hex('0a 02 c3 28'))
  assert.throws(() => stringField(fields, 1), MalformedMessage)
  assert.deepEqual(bytesField(fields, 1), hex('c3 28'))
})
