import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type KeyName, keyRef } from '../../../src/domain/keys/key.ts'
import type { Store } from '../../../src/domain/store.ts'
import { exampleKey, exampleMaterial, NOW, uniqueAccount } from './examples.ts'

const DAY_MS = 86_400_000
const ALL = 100_000

export function figureTests(store: () => Store): void {
  async function counted(limit: number): Promise<Map<string, number>> {
    const sums = new Map<string, number>()
    let after: KeyName | undefined
    do {
      const piece = await store().countKeysByState(after, limit, NOW)
      for (const { count, ...facts } of piece.groups) {
        const name = JSON.stringify(facts)
        sums.set(name, (sums.get(name) ?? 0) + count)
      }
      after = piece.after
    } while (after !== undefined)
    return sums
  }

  test('keys are counted by what their state follows from, each once, however small the pieces', async () => {
    const account = uniqueAccount()
    const before = await counted(ALL)
    const imported = (isMissing: boolean, validTo?: number) => ({
      account,
      origin: 'EXTERNAL' as const,
      importedMaterial: { isMissing, validTo },
    })
    const keys = [
      exampleKey({ account }),
      exampleKey({ account, region: 'us-west-2' }),
      exampleKey({ account, enabled: false }),
      exampleKey({ account, deletion: { windowInDays: 7, date: NOW + DAY_MS } }),
      exampleKey({ account, deletion: { windowInDays: 7, date: undefined } }),
      exampleKey(imported(true)),
      exampleKey(imported(false, NOW)),
      exampleKey(imported(false, NOW + 1)),
    ]
    await store().change(async (change) => {
      for (const key of keys) await change.insertKey(key, [])
    })
    const after = await counted(ALL)
    const more = [...after].map(([name, count]) => [JSON.parse(name), count - (before.get(name) ?? 0)] as const)
    const of = (facts: object) =>
      more.find(([found]) => JSON.stringify(found) === JSON.stringify(facts))?.[1] ?? assert.fail(JSON.stringify(more))
    assert.equal(of({ enabled: true }), 2)
    assert.equal(of({ enabled: false }), 1)
    assert.equal(of({ enabled: true, deletion: { windowInDays: 0, date: NOW } }), 1)
    assert.equal(of({ enabled: true, deletion: { windowInDays: 0 } }), 1)
    assert.equal(of({ enabled: true, importedMaterial: { isMissing: true } }), 1)
    assert.equal(of({ enabled: true, importedMaterial: { isMissing: false, validTo: NOW } }), 1)
    assert.equal(of({ enabled: true, importedMaterial: { isMissing: false } }), 1)
    for (const limit of [1, 3]) assert.deepEqual(await counted(limit), after)
  })

  test('the soonest expiries: one of each key, none whose bytes are gone', async () => {
    const account = uniqueAccount()
    const [one, two] = [exampleKey({ account }), exampleKey({ account })]
    const imported = (validTo: number | undefined) => ({ isPresent: true, validTo, description: undefined })
    const gone = { token: undefined, imported: { ...imported(NOW + 1_000), isPresent: false } }
    await store().change(async (change) => {
      await change.insertKey(one, [
        { ...exampleMaterial(one), imported: imported(NOW + 5_000) },
        { ...exampleMaterial(one), imported: imported(NOW + 3_000) },
        { ...exampleMaterial(one), ...gone },
      ])
      await change.insertKey(two, [
        { ...exampleMaterial(two), imported: imported(NOW + 4_000) },
        { ...exampleMaterial(two), imported: imported(undefined) },
      ])
    })
    const own = (await store().soonestExpiries(ALL)).filter((found) => found.account === account)
    assert.deepEqual(
      own.map((found) => [keyRef(found), found.validTo]),
      [
        [keyRef(one), NOW + 3_000],
        [keyRef(two), NOW + 4_000],
      ],
    )
    assert.equal((await store().soonestExpiries(1)).length, 1)
  })

  test('the soonest deletions, and the earliest rotation of keys that may rotate', async () => {
    const account = uniqueAccount()
    const on = (days: number) => ({ account, deletion: { windowInDays: 7, date: NOW + days * DAY_MS } })
    const [later, sooner, kept] = [exampleKey(on(9)), exampleKey(on(8)), exampleKey({ account })]
    const rotation = { periodInDays: 90, nextRotationAt: 5 }
    const rotating = exampleKey({ account, rotation })
    const disabled = exampleKey({ account, enabled: false, rotation: { ...rotation, nextRotationAt: 4 } })
    await store().change(async (change) => {
      for (const key of [later, sooner, kept, rotating, disabled]) await change.insertKey(key, [])
    })
    const own = (await store().soonestDeletions(ALL)).filter((found) => found.account === account)
    assert.deepEqual(own.map(keyRef), [keyRef(sooner), keyRef(later)])
    assert.equal(await store().nextRotationAt(), 5)
    await store().change(async (change) => {
      for (const key of [later, sooner, kept, rotating, disabled]) await change.eraseKey(key)
    })
  })

  test('what waits in the outboxes', async () => {
    assert.deepEqual(await store().eventsWaiting(), { count: 0, oldestAt: undefined })
    const before = await store().countPendingAuditRecords()
    const account = uniqueAccount()
    const envelope = {
      version: '0',
      source: 'aws.kms',
      account,
      region: 'eu-central-1',
      resources: [],
      detail: {},
    } as const
    const times = ['2025-01-01T00:00:05Z', '2025-01-01T00:00:09Z']
    await store().change(async (change) => {
      for (const time of times) await change.recordEvent({ ...envelope, id: time, 'detail-type': 'x', time })
      await change.recordAudit({ eventId: account, node: 'node-1', line: '{}' })
    })
    assert.deepEqual(await store().eventsWaiting(), { count: 2, oldestAt: Date.UTC(2025, 0, 1, 0, 0, 5) })
    assert.equal(await store().countPendingAuditRecords(), before + 1)
    for (const { position } of await store().eventsToSend(10)) await store().eventSent(position)
    await store().auditRecordsWritten([account])
  })
}
