/** AES-KWP against RFC 5649's own example, Wycheproof, and every change of one bit. */
import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { unwrapPadded } from '../../../src/crypto/import/aes-key-wrap.ts'
import { hex, testVectors } from '../algorithms/support/wycheproof.ts'

test('the example of RFC 5649, section 6', () => {
  const kek = hex('5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8')
  const wrapped = hex('138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a')
  assert.equal(unwrapPadded(kek, wrapped)?.toString('hex'), 'c37b7e6492584340bed12207808941155068f738')
})

test('the second example of RFC 5649, section 6: seven bytes in a single block', () => {
  const kek = hex('5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8')
  assert.equal(unwrapPadded(kek, hex('afbeb0f07dfbf5419200f2ccb50bb24f'))?.toString('hex'), '466f7250617369')
})

testVectors('Wycheproof agrees with AES-KWP', ['aes_kwp'], (_group, vector) => {
  const unwrapped = unwrapPadded(hex(vector.key), hex(vector.ct))
  return unwrapped?.equals(hex(vector.msg)) ? 'accepted' : 'refused'
})

test('lengths that no wrapping has are refused without trying', () => {
  for (const length of [0, 1, 8, 15, 17, 23, 25]) {
    assert.equal(unwrapPadded(randomBytes(32), randomBytes(length)), undefined, `${length} bytes`)
  }
})

/** RFC 3394 with an initial value of our choice: what a forger of the integrity block would make. */
function wrapWith(kek: Buffer, initialValue: Buffer, padded: Buffer): Buffer {
  return createCipheriv('id-aes256-wrap', kek, initialValue).update(padded)
}

test('the integrity block is checked whole: constant, length, and zeros behind it', () => {
  const kek = randomBytes(32)
  const padded = Buffer.concat([Buffer.alloc(20, 7), Buffer.alloc(4)])
  const accepted = (initialValue: string, bytes = padded) =>
    unwrapPadded(kek, wrapWith(kek, hex(initialValue), bytes)) !== undefined
  assert.equal(accepted('a65959a600000014'), true)
  assert.equal(accepted('a65959a700000014'), false, 'another constant')
  assert.equal(accepted('a6a6a6a6a6a6a6a6'), false, 'the constant of RFC 3394')
  assert.equal(accepted('a65959a600000010'), false, 'a length of one block less')
  assert.equal(accepted('a65959a600000019'), false, 'a length of more than there is')
  assert.equal(accepted('a65959a680000014'), false, 'a length beyond all')
  assert.equal(accepted('a65959a600000013'), false, 'a length that makes a byte of material padding')
  assert.equal(accepted('a65959a600000014', Buffer.concat([padded.subarray(0, 23), Buffer.of(1)])), false, 'padding')
})

test('a change of any bit is refused', () => {
  const kek = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', kek, hex('a65959a6'))
  const wrapped = cipher.update(randomBytes(48))
  for (let bit = 0; bit < wrapped.length * 8; bit++) {
    const changed = Buffer.from(wrapped)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(unwrapPadded(kek, changed), undefined, `bit ${bit}`)
  }
})
