/** Several processes over one file, and processes that die (design.md section 3; audit.md G-2). */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { STORE_WRITE_LOCK_WAIT_MS_MAX } from '../../src/base/limits.ts'
import type { Store } from '../../src/domain/store.ts'
import { assertWhole, COUNTER, startWriter } from './counter.ts'
import { fileFixture } from './sqlite-fixtures.ts'

async function withCounter(work: (path: string, store: Store) => Promise<void>): Promise<void> {
  const fixture = await fileFixture()
  const store = await fixture.open('parent', systemClock)
  try {
    await store.change((change) => change.insertKey(COUNTER, []))
    await work(fixture.path, store)
  } finally {
    await store.close()
    await fixture.remove()
  }
}

describe('processes that write at the same time', () => {
  test('follow each other, and each learns what the others did', () =>
    withCounter(async (path, store) => {
      const start = await store.changesPosition()
      const writers = ['a', 'b', 'c'].map((node) => startWriter(path, node, '60'))
      for (const writer of writers) assert.equal(await writer.ended, 0, writer.complaints())
      assert.equal(await assertWhole(store), 180)
      const acknowledged = writers.flatMap(({ said }) => said.map(Number))
      assert.equal(new Set(acknowledged).size, 180, 'two processes were given the same number')
      const { notices } = await store.changesAfter(start)
      assert.equal(notices?.filter(({ kind }) => kind === 'alias').length, 180)
    }))

  test('may all be the first to open the store', async () => {
    const fixture = await fileFixture()
    const starters = ['a', 'b', 'c', 'd'].map((node) => startWriter(fixture.path, node, 'open'))
    for (const starter of starters) assert.equal(await starter.ended, 0, starter.complaints())
    const store = await fixture.open('parent', systemClock)
    assert.deepEqual(await store.listAccounts(), [])
    await store.close()
    await fixture.remove()
  })
})

test('changes that wait behind one which could not get the lock are refused with it, not ten seconds after one another', async (t) => {
  await withCounter(async (path, store) => {
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const realNow = performance.now.bind(performance)
    t.mock.method(performance, 'now', () => 20 * realNow())
    const disable = () => store.change((change) => change.updateKey({ ...COUNTER, enabled: false }))
    const start = performance.now()
    const results = await Promise.allSettled([disable(), disable(), disable()])
    assert.deepEqual(new Set(results.map(({ status }) => status)), new Set(['rejected']))
    const waitedMs = performance.now() - start
    assert.ok(waitedMs >= STORE_WRITE_LOCK_WAIT_MS_MAX && waitedMs < 2 * STORE_WRITE_LOCK_WAIT_MS_MAX, `${waitedMs}`)
    const later = disable()
    other.close()
    await assert.doesNotReject(later, 'who comes after that has a wait of his own')
  })
})

describe('a process that is killed', () => {
  test('between and during changes loses nothing that it acknowledged, and leaves nothing half done', () =>
    withCounter(async (path, store) => {
      for (let kill = 0; kill < 6; kill++) {
        const before = await assertWhole(store)
        const writer = startWriter(path, `victim-${kill}`, 'until killed')
        await writer.hasSaid(3)
        await sleep(Math.random() * 40)
        writer.process.kill('SIGKILL')
        assert.equal(await writer.ended, 'SIGKILL', writer.complaints())
        const rounds = await assertWhole(store)
        const acknowledged = Number(writer.said.at(-1))
        assert.ok(acknowledged >= before + 3)
        // The last change may have been committed without the process living to say so.
        assert.ok(rounds === acknowledged || rounds === acknowledged + 1, `${acknowledged} said, ${rounds} found`)
      }
    }))

  test('inside a change has changed nothing, and holds up nobody', () =>
    withCounter(async (path, store) => {
      const writer = startWriter(path, 'victim', 'stop inside')
      await writer.hasSaid(1)
      assert.equal((await store.findKey(COUNTER))?.description, '0', 'reads wait for no process')
      writer.process.kill('SIGKILL')
      await writer.ended
      assert.equal(await assertWhole(store), 0)
      await store.change((change) => change.updateKey({ ...COUNTER, enabled: false }))
      assert.equal((await store.findKey(COUNTER))?.enabled, false)
    }))

  test('leaves a store that opens again by itself', async () => {
    const fixture = await fileFixture()
    const first = await fixture.open('parent', systemClock)
    await first.change((change) => change.insertKey(COUNTER, []))
    await first.close()
    const writer = startWriter(fixture.path, 'victim', 'until killed')
    await writer.hasSaid(20)
    writer.process.kill('SIGKILL')
    await writer.ended
    const store = await fixture.open('parent', systemClock)
    assert.ok((await assertWhole(store)) >= Number(writer.said.at(-1)))
    await store.close()
    await fixture.remove()
  })
})

describe('a disk that takes no more', () => {
  // A limit on file sizes is the full disk that needs no privileges: the write of the journal fails in the same place.
  const LIMITED = ['/bin/sh', '-c', `trap '' XFSZ; ulimit -f 2000; exec "$0" "$@"`]

  test('fails the change with an error, and loses nothing acknowledged', { skip: process.platform === 'win32' }, () =>
    withCounter(async (path, store) => {
      const writer = startWriter(path, 'limited', '100000', LIMITED)
      assert.equal(await writer.ended, 1, 'the writer did not notice')
      assert.match(writer.complaints(), /ERR_SQLITE_ERROR/)
      assert.ok(writer.said.length > 0, 'it never got to write')
      assert.equal(await assertWhole(store), Number(writer.said.at(-1)))
      const next = startWriter(path, 'unlimited', '5')
      assert.equal(await next.ended, 0, next.complaints())
      assert.equal(await assertWhole(store), writer.said.length + 5)
    }),
  )
})
