/** The content of import tokens (docs/formats/import-token.md). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeImportToken, encodeImportToken } from '../../../src/crypto/import/import-token.ts'

const CONTENT = {
  issuedAt: 1_772_366_400_123,
  expiresAt: 1_772_452_800_123,
  algorithm: 'RSA_AES_KEY_WRAP_SHA_256',
  wrappingKeySpec: 'RSA_4096',
  privateKey: Buffer.from('308204bd', 'hex'),
} as const

test('the bytes are those of the format', () => {
  assert.equal(
    encodeImportToken(CONTENT).toString('hex'),
    `010000019ca9450a7b0000019cae6b667b0018${Buffer.from('RSA_AES_KEY_WRAP_SHA_256').toString('hex')}0008${Buffer.from('RSA_4096').toString('hex')}308204bd`,
  )
})

test('what was encoded is read again', () => {
  assert.deepEqual(decodeImportToken(encodeImportToken(CONTENT)), CONTENT)
})

test('another format is refused', () => {
  const bytes = encodeImportToken(CONTENT)
  bytes[0] = 2
  assert.throws(() => decodeImportToken(bytes), /format 2/)
})
