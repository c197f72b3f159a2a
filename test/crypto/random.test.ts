/** Randomness in the two forms that callers need. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandomSource } from '../../src/crypto/random.ts'

test('a UUID is one of version 4, in lower case, and each of its other bits takes both values (RFC 9562 5.4)', () => {
  const random = createRandomSource()
  const seen = new Set<string>()
  const digitsAt = Array.from({ length: 36 }, () => new Set<string>())
  for (let count = 0; count < 5_000; count++) {
    const text = random.uuid()
    assert.match(text, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    seen.add(text)
    for (const [place, digit] of [...text].entries()) digitsAt[place]!.add(digit)
  }
  assert.equal(seen.size, 5_000)
  const kinds = digitsAt.map(({ size }) => size)
  assert.deepEqual(
    kinds,
    [...'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'].map((form) => ({ x: 16, y: 4 })[form] ?? 1),
  )
})

test('nonces and UUIDs never share bytes of the pool, however they take turns', () => {
  const random = createRandomSource()
  const seen = new Set<string>()
  for (let count = 0; count < 3_000; count++) {
    const length = 12 + (count % 5)
    const nonce = random.nonce(length)
    assert.equal(nonce.length, length)
    seen.add(nonce.toString('hex', 0, 6))
    seen.add(random.uuid().replaceAll('-', '').slice(0, 12))
  }
  assert.equal(seen.size, 6_000)
  assert.ok(!seen.has('00'.repeat(6)))
})
