import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RefusedCall, RefusedCalls } from '../../../src/domain/deletion-alarms.ts'
import type { Key } from '../../../src/domain/keys/key.ts'
import type { Store } from '../../../src/domain/store.ts'
import { exampleKey, insert, NOW } from './examples.ts'

const MINUTE_MS = 60_000

function doomedKey(): Key {
  return exampleKey({ deletion: { windowInDays: 7, date: NOW + 1e9 } })
}

function callAt(time: number, operation = 'Decrypt'): RefusedCall {
  const principal = 'arn:aws:iam::111122223333:user/alice'
  return { operation, time, eventId: `event ${time}`, requestId: `request ${time}`, principal, sourceIp: '192.0.2.7' }
}

function callsFor({ account, region, keyId }: Key, firstAt: number, lastAt = firstAt, count = 1): RefusedCalls {
  return { account, region, keyId, count, firstAt, last: callAt(lastAt) }
}

const NOT_ANNOUNCED = { announced: 0, announcedAt: undefined }

export function deletionAlarmTests(store: () => Store): void {
  test('refused calls of a key add up, in whatever order nodes save them', async () => {
    const [key, replicated] = [doomedKey(), exampleKey({ deletion: { windowInDays: 7, date: undefined } })]
    await insert(store(), key, replicated)
    assert.equal(await store().findDeletionAlarm(key), undefined)
    await store().addRefusedCalls([callsFor(key, NOW + 20, NOW + 30, 3), callsFor(replicated, NOW)])
    await store().addRefusedCalls([callsFor(key, NOW + 10, NOW + 25, 2)])
    assert.deepEqual(await store().findDeletionAlarm(key), {
      ...callsFor(key, NOW + 10, NOW + 30, 5),
      ...NOT_ANNOUNCED,
    })
    assert.deepEqual(await store().findDeletionAlarm(replicated), { ...callsFor(replicated, NOW), ...NOT_ANNOUNCED })
  })

  test('of keys that are not pending deletion, or gone, nothing is kept', async () => {
    const [enabled, gone, doomed] = [exampleKey(), doomedKey(), doomedKey()]
    await insert(store(), enabled, doomed)
    await store().addRefusedCalls([enabled, gone, doomed].map((key) => callsFor(key, NOW)))
    assert.equal(await store().findDeletionAlarm(enabled), undefined)
    assert.equal(await store().findDeletionAlarm(gone), undefined)
    assert.ok(await store().findDeletionAlarm(doomed))
  })

  test('an alarm goes when the deletion is cancelled, and with its key', async () => {
    const [cancelled, erased] = [doomedKey(), doomedKey()]
    await insert(store(), cancelled, erased)
    await store().addRefusedCalls([cancelled, erased].map((key) => callsFor(key, NOW)))
    await store().change(async (change) => {
      await change.updateKey({ ...cancelled, deletion: undefined })
      await change.deleteDeletionAlarm(cancelled)
      await change.eraseKey(erased)
    })
    assert.equal(await store().findDeletionAlarm(cancelled), undefined)
    assert.equal(await store().findDeletionAlarm(erased), undefined)
    assert.equal(await store().findKey(erased), undefined)
  })

  test('those that nobody was told of are announced again only after a while, and only for more calls', async () => {
    const [first, second] = [doomedKey(), doomedKey()]
    await insert(store(), first, second)
    await store().addRefusedCalls([callsFor(second, NOW - 50, NOW, 4), callsFor(first, NOW - 60, NOW - 55, 2)])
    const due = async (before: number) =>
      (await store().deletionAlarmsToAnnounce(before, 1000))
        .map(({ keyId }) => keyId)
        .filter((keyId) => keyId === first.keyId || keyId === second.keyId)
    assert.deepEqual(await due(NOW), [first.keyId, second.keyId])
    await store().deletionAlarmAnnounced(first, 2, NOW)
    assert.deepEqual(await due(NOW + MINUTE_MS), [second.keyId], 'there were no calls since')
    await store().addRefusedCalls([callsFor(first, NOW + 1)])
    assert.deepEqual(await due(NOW - 1), [second.keyId], 'too early')
    // However many keys somebody asks for again and again: an alarm of which nobody knows yet does not wait behind them.
    assert.deepEqual(await due(NOW), [second.keyId, first.keyId])
    const { count, announced, announcedAt } = (await store().findDeletionAlarm(first))!
    assert.deepEqual({ count, announced, announcedAt }, { count: 3, announced: 2, announcedAt: NOW })
    assert.equal((await store().deletionAlarmsToAnnounce(NOW, 1)).length, 1)
  })

  test('the keys that were asked for last come first', async () => {
    const keys = [doomedKey(), doomedKey(), doomedKey()]
    await insert(store(), ...keys)
    // Later than those of the other tests.
    const times = [NOW + 2e6, NOW + 3e6, NOW + 1e6]
    await store().addRefusedCalls(keys.map((key, index) => callsFor(key, times[index]!)))
    const newest = (await store().newestDeletionAlarms(2)).map(({ keyId }) => keyId)
    assert.deepEqual(newest, [keys[1]!.keyId, keys[0]!.keyId])
  })
}
