/** Wrapping key pairs made ahead (lifecycle.md IMP-91): nobody gets another's, and a failure is one caller's at most. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { WrappingKeyPair } from '../../../src/crypto/import/wrapping-algorithms.ts'
import { createWrappingKeyPool } from '../../../src/domain/imports/wrapping-key-pool.ts'

/** Numbers its pairs; `fails` says which are not made. */
function numbered(fails: (made: number) => boolean = () => false) {
  let made = 0
  const specs: string[] = []
  const generate = async (spec: string): Promise<WrappingKeyPair> => {
    specs.push(spec)
    const number = ++made
    await setImmediate()
    if (fails(number)) throw new Error(`pair ${number}`)
    return { privateKey: Buffer.of(number), publicKey: Buffer.of(number) }
  }
  return { generate, specs }
}

test('callers one after the other and at once all get pairs of their own', async () => {
  const { generate } = numbered()
  const pool = createWrappingKeyPool(generate)
  const pairs = [await pool.take('RSA_2048'), await pool.take('RSA_2048')]
  pairs.push(...(await Promise.all([1, 2, 3, 4].map(() => pool.take('RSA_2048')))))
  pairs.push(await pool.take('RSA_2048'))
  const numbers = pairs.map(({ publicKey }) => publicKey[0])
  assert.equal(new Set(numbers).size, 7)
})

test('one pair is made ahead, of specs that were asked for alone', async () => {
  const { generate, specs } = numbered()
  const pool = createWrappingKeyPool(generate)
  assert.deepEqual(specs, [])
  await pool.take('RSA_3072')
  await setImmediate()
  assert.deepEqual(specs, ['RSA_3072', 'RSA_3072'])
  assert.equal((await pool.take('RSA_3072')).publicKey[0], 2)
  assert.equal((await pool.take('SM2')).publicKey[0], 4)
})

test("a failure ahead is nobody's; one of the pair asked for is its caller's", async () => {
  const { generate } = numbered((made) => made === 2 || made === 4)
  const pool = createWrappingKeyPool(generate)
  assert.equal((await pool.take('RSA_2048')).publicKey[0], 1)
  await setImmediate()
  await setImmediate()
  assert.equal((await pool.take('RSA_2048')).publicKey[0], 3)
  // The fourth fails ahead while this waits for it, and is made anew.
  assert.equal((await pool.take('RSA_2048')).publicKey[0], 5)
  const failing = createWrappingKeyPool(numbered(() => true).generate)
  await assert.rejects(failing.take('RSA_2048'), /pair 1/)
  await assert.rejects(failing.take('RSA_2048'), /pair 2/)
})
