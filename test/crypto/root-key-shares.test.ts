/** Shares of a root key: Shamir's secret sharing over GF(2^8), checked by arithmetic of our own from FIPS 197 section 4.2. */
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { combineShares, makeSharedRootKey, readShare } from '../../src/crypto/root-key/root-key-shares.ts'
import { createShareCollector } from '../../src/crypto/root-key/share-collector.ts'

/** FIPS 197 4.2: modulo x^8 + x^4 + x^3 + x + 1. */
function times(a: number, b: number): number {
  let product = 0
  for (let bit = 0; bit < 8; bit++) {
    if ((b >> bit) & 1) product ^= a
    a = (a << 1) ^ (a & 0x80 ? 0x11b : 0)
  }
  return product
}

/** a^254, by Fermat. */
function inverse(a: number): number {
  let power = 1
  for (let count = 0; count < 254; count++) power = times(power, a)
  return power
}

/** Lagrange's interpolation at zero, of the layout in docs/formats/key-token.md. */
function secretOf(texts: readonly string[]): Buffer {
  const shares = texts.map((text) => Buffer.from(text.slice('keyhold-share-'.length), 'hex').subarray(17, 50))
  const bases = shares.map((share, i) =>
    shares.reduce(
      (basis, other, j) => (i === j ? basis : times(basis, times(other[32]!, inverse(other[32]! ^ share[32]!)))),
      1,
    ),
  )
  const byteAt = (at: number) => shares.reduce((sum, share, i) => sum ^ times(share[at]!, bases[i]!), 0)
  return Buffer.from(Array.from({ length: 32 }, (_, at) => byteAt(at)))
}

const idOf = (secret: Buffer) => createHmac('sha256', secret).update('kms:root-key-id:v1').digest('hex').slice(0, 32)
const sharesOf = (texts: readonly string[]) => texts.map((text) => readShare(text)!)

for (const [count, threshold] of [
  [2, 2],
  [3, 2],
  [5, 3],
  [7, 7],
  [255, 20],
] as const) {
  test(`any ${threshold} of ${count} give the secret, ${threshold - 1} do not`, async () => {
    const { rootKey, shares } = await makeSharedRootKey(count, threshold)
    assert.equal(new Set(shares).size, count)
    for (let start = 0; start < Math.min(count, 10); start++) {
      const some = Array.from({ length: threshold }, (_, index) => shares[(start + 3 * index) % count]!)
      const chosen = new Set(some).size === threshold ? some : shares.slice(0, threshold)
      const secret = secretOf(chosen)
      assert.equal(idOf(secret), rootKey.id)
      assert.deepEqual(await combineShares(sharesOf(chosen)), secret)
    }
    assert.notEqual(idOf(secretOf(shares.slice(0, threshold - 1))), rootKey.id)
    if (threshold > 2) assert.equal(await combineShares(sharesOf(shares.slice(0, threshold - 1))), undefined)
  })
}

test('a share is read however it is written, and no mistyped one is', async () => {
  const { rootKey, shares } = await makeSharedRootKey(3, 2)
  const [text] = shares
  assert.match(text!, /^keyhold-share-01[0-9a-f]{106}$/)
  assert.equal(text!.slice(16, 48), rootKey.id)
  const body = Buffer.from(text!.slice(14, -8), 'hex')
  assert.equal(text!.slice(-8), createHash('sha256').update(body).digest('hex').slice(0, 8))
  const groups = text!.toUpperCase().replace(/(.{4})/g, '$1 ')
  assert.deepEqual(readShare(` ${groups}\r\n`), readShare(text!))
  for (let at = 0; at < text!.length; at++) {
    const wrong = text![at] === '0' ? '1' : '0'
    assert.equal(readShare(text!.slice(0, at) + wrong + text!.slice(at + 1)), undefined, `position ${at}`)
    assert.equal(readShare(text!.slice(0, at) + text!.slice(at + 1)), undefined)
  }
  assert.equal(readShare(text! + text!), undefined)
  assert.equal(readShare('0'.repeat(1_000_000)), undefined)
})

test('the coordinate zero, at which polynomials have the secret itself, is nobody’s', async () => {
  const { shares } = await makeSharedRootKey(2, 2)
  const bytes = Buffer.from(shares[0]!.slice(14), 'hex').subarray(0, 50)
  bytes[49] = 0
  const checksum = createHash('sha256').update(bytes).digest().subarray(0, 4)
  assert.equal(readShare(`keyhold-share-${Buffer.concat([bytes, checksum]).toString('hex')}`), undefined)
})

test('collecting: a share counts once, those of others not at all, and those that do not fit are all forgotten', async () => {
  const { rootKey, shares } = await makeSharedRootKey(4, 3)
  const [first, second, third] = sharesOf(shares)
  const [stranger] = sharesOf((await makeSharedRootKey(4, 3)).shares)
  const collector = createShareCollector({ id: rootKey.id, threshold: 3 })
  const add = async (share: typeof first) => (await collector.add({ ...share!, bytes: share!.bytes.slice() })).outcome
  assert.deepEqual(
    [await add(first), await add(first), await add(stranger)],
    ['taken', 'given before', 'of another root key'],
  )
  assert.equal(collector.given, 1)
  // Of another root key and said to be of this one.
  const forged = { ...stranger!, rootKeyId: rootKey.id, coordinate: 256 }
  assert.equal(await add(second), 'taken')
  const altered = third!.bytes.slice()
  altered[0]! ^= 1
  assert.equal((await collector.add({ ...third!, bytes: altered })).outcome, 'do not fit')
  assert.equal(collector.given, 0)
  assert.ok(
    altered.every((byte) => byte === 0),
    'what is forgotten is wiped',
  )
  assert.equal(await add(forged), 'taken')
  assert.deepEqual([await add(first)], ['taken'])
  collector.forget()
  assert.deepEqual([await add(first), await add(second), await add(third)], ['taken', 'taken', 'complete'])
  assert.equal(collector.given, 0)
})
