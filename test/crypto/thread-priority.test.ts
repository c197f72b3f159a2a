import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { keySpec } from '../../src/crypto/algorithms/index.ts'

/** Names of this process's threads with their nice values. */
function threads(): { name: string; nice: number }[] {
  return readdirSync('/proc/self/task').map((id) => ({
    name: readFileSync(`/proc/self/task/${id}/comm`, 'latin1').trim(),
    nice: getPriority(Number(id)),
  }))
}

const skip = process.platform !== 'linux' && 'threads have a priority of their own on Linux only'

test('threads of slow cryptography yield to the event loop, whose own priority stays', { skip }, async () => {
  const before = getPriority()

  await keySpec('RSA_2048')!.generate()
  const sm2 = keySpec('SM2')!
  await sm2.open(await sm2.generate()).sign('SM2DSA', 'RAW', Buffer.from('message'))

  const pool = threads().filter(({ name }) => name === 'libuv-worker')
  assert.ok(pool.length > 0)
  assert.ok(pool.every(({ nice }) => nice === Math.min(before + 10, 19)))
  assert.equal(getPriority(), before)
  const lowered = threads().filter(({ nice }) => nice > before)
  assert.equal(lowered.length, pool.length + 1, 'the pool and the cryptography thread')
})
