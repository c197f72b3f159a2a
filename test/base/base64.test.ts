import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Base64Error, decodeBase64 } from '../../src/base/base64.ts'

test('whatever Base64 writes is read back', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => decodeBase64(Buffer.from(bytes).toString('base64')).equals(bytes)))
})

test('there is one spelling for each value: no missing padding, other alphabet, white space or stray bits', () => {
  for (const text of [
    'QQ',
    'QQ=',
    'QUI',
    'QQ==\n',
    ' QQ=',
    'Q Q=',
    '-_-_',
    'QR==',
    'QUJ=',
    '====',
    'A===',
    'QQ==QQ==',
  ]) {
    assert.throws(() => decodeBase64(text), Base64Error, JSON.stringify(text))
  }
})
