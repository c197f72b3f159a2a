import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHANGES_BATCH_MAX } from '../../../src/base/limits.ts'
import type { Store } from '../../../src/domain/store.ts'
import { clock, exampleKey, insert, NOW, ref, type StoreFixture } from './examples.ts'

export function nodeTests(open: () => Promise<StoreFixture>): void {
  /** Two nodes over a store of their own. */
  async function withNodes(work: (one: Store, two: Store) => Promise<void>, skip: (reason: string) => void) {
    const fixture = await open()
    if (fixture.aloneBecause !== undefined) {
      skip(fixture.aloneBecause)
      return fixture.remove()
    }
    clock.time = NOW
    const one = await fixture.open('node-1', clock)
    const two = await fixture.open('node-2', clock)
    try {
      await work(one, two)
    } finally {
      await one.close()
      await two.close()
      await fixture.remove()
    }
  }

  test('a node learns what others changed, in order and once', (t) =>
    withNodes(
      async (one, two) => {
        const start = await two.changesPosition()
        assert.deepEqual(await two.changesAfter(start), { position: start, notices: [] })
        const [first, second, own] = [exampleKey(), exampleKey(), exampleKey()]
        await insert(one, first)
        await insert(two, own)
        await insert(one, second)
        const { position, notices } = await two.changesAfter(start)
        assert.deepEqual(notices, [
          { kind: 'key', subject: ref(first) },
          { kind: 'key', subject: ref(second) },
        ])
        assert.equal(position, await one.changesPosition())
        assert.deepEqual(await two.changesAfter(position), { position, notices: [] })
        assert.deepEqual((await two.changesAfter(start)).notices, notices, 'asking again gives the same')
        assert.deepEqual((await one.changesAfter(start)).notices, [{ kind: 'key', subject: ref(own) }])
      },
      (reason) => t.skip(reason),
    ))

  test('a node that is told of a change sees it', (t) =>
    withNodes(
      async (one, two) => {
        let position = await two.changesPosition()
        const key = exampleKey({ description: '0' })
        await insert(one, key)
        for (let round = 1; round <= 20; round++) {
          await one.change((change) => change.updateKey({ ...key, description: String(round) }))
          const batch = await two.changesAfter(position)
          assert.ok(batch.notices!.length > 0)
          assert.equal((await two.findKey(key))?.description, String(round))
          position = batch.position
        }
      },
      (reason) => t.skip(reason),
    ))

  test('changes of two nodes follow each other', (t) =>
    withNodes(
      async (one, two) => {
        const key = exampleKey({ description: '0' })
        await insert(one, key)
        const increment = (_: unknown, index: number) =>
          [one, two][index % 2]!.change(async (change) => {
            const found = (await change.findKey(key))!
            await new Promise((resolve) => setImmediate(resolve))
            await change.updateKey({ ...found, description: String(Number(found.description) + 1) })
          })
        await Promise.all(Array.from({ length: 40 }, increment))
        assert.equal((await one.findKey(key))?.description, '40')
        assert.equal((await two.findKey(key))?.description, '40')
      },
      (reason) => t.skip(reason),
    ))

  test('a node that never stops changing does not keep others from it', (t) =>
    withNodes(
      async (busy, other) => {
        const key = exampleKey()
        await insert(busy, key)
        let waiting: Promise<void> | undefined
        let isDone = false
        for (let round = 0; round < 2_000 && !isDone; round++) {
          const change = busy.change((change) => change.updateKey(key))
          waiting ??= insert(other, exampleKey()).finally(() => {
            isDone = true
          })
          await change
        }
        assert.ok(isDone, 'the other node never had its turn')
        await waiting
      },
      (reason) => t.skip(reason),
    ))

  test('after pruning, a node that was away longer is told to trust nothing, and no other', (t) =>
    withNodes(
      async (one, two) => {
        const away = await two.changesPosition()
        const [old, young] = [exampleKey(), exampleKey()]
        await insert(one, old)
        const present = await two.changesPosition()
        clock.time = NOW + 1000
        await insert(one, young)
        await one.pruneChanges(NOW + 1000)
        const newest = await one.changesPosition()
        assert.deepEqual(await two.changesAfter(away), { position: newest, notices: undefined })
        const notices = [{ kind: 'key', subject: ref(young) }]
        assert.deepEqual(await two.changesAfter(present), { position: newest, notices })
        assert.equal((await two.findKey(old))?.keyId, old.keyId, 'pruning forgets notices, not keys')
      },
      (reason) => t.skip(reason),
    ))

  test('positions go on where they were when everything has been pruned', (t) =>
    withNodes(
      async (one, two) => {
        await insert(one, exampleKey(), exampleKey())
        const before = await two.changesPosition()
        await one.pruneChanges(NOW + 1)
        assert.equal(await one.changesPosition(), before)
        assert.deepEqual(await two.changesAfter(before), { position: before, notices: [] })
        const key = exampleKey()
        await insert(one, key)
        assert.ok((await one.changesPosition()) > before)
        assert.deepEqual((await two.changesAfter(before)).notices, [{ kind: 'key', subject: ref(key) }])
      },
      (reason) => t.skip(reason),
    ))

  test('a node that changes much itself does not fall behind what is pruned', (t) =>
    withNodes(
      async (one, two) => {
        let { position } = await two.changesAfter(await two.changesPosition())
        await insert(two, exampleKey())
        position = (await two.changesAfter(position)).position
        await two.pruneChanges(NOW + 1)
        const key = exampleKey()
        await insert(one, key)
        assert.deepEqual((await two.changesAfter(position)).notices, [{ kind: 'key', subject: ref(key) }])
      },
      (reason) => t.skip(reason),
    ))

  test('more changes than a node cares to read make it trust nothing', (t) =>
    withNodes(
      async (one, two) => {
        const start = await two.changesPosition()
        await insert(one, ...Array.from({ length: CHANGES_BATCH_MAX }, () => exampleKey()))
        assert.equal((await two.changesAfter(start)).notices?.length, CHANGES_BATCH_MAX)
        await insert(one, exampleKey())
        const newest = await one.changesPosition()
        assert.deepEqual(await two.changesAfter(start), { position: newest, notices: undefined })
        await one.pruneChanges(NOW + 1)
        assert.deepEqual(await two.changesAfter(newest), { position: newest, notices: [] })
      },
      (reason) => t.skip(reason),
    ))
}
