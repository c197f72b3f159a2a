/** A store of a million keys works like one of ten: every query finds its rows by an index. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import type { Store } from '../../src/domain/store.ts'
import { exampleAlias, exampleKey, exampleMaterial } from '../contract/store/examples.ts'
import { fileFixture } from './sqlite-fixtures.ts'

/** Small for good, or read from one end and no further than needed. */
const MAY_BE_SCANNED =
  /^SCAN (accounts USING COVERING INDEX \w+|changes_pruned|audit_outbox|changes|domain_keys USING INDEX domain_keys_by_age)$/

/** Calls everything that the store can do. */
async function doEverything(store: Store): Promise<void> {
  const key = exampleKey()
  const { account, region } = key
  const material = exampleMaterial(key)
  const alias = exampleAlias(key)
  const page = { after: undefined, limit: 10 }
  const token = Buffer.alloc(1)
  await store.change(async (change) => {
    await change.insertKey(key, [material])
    await change.updateKey(key)
    await change.updateMaterial(material)
    const other = exampleMaterial(key)
    await change.insertMaterial(other)
    await change.deleteMaterial(other)
    await change.insertAlias(alias)
    await change.updateAlias(alias)
    await change.insertDomainKey({ id: 'd', rootKeyId: 'r', wrapped: token, createdAt: 0 })
    await change.insertAccount(account, 0)
    await change.insertUser({ account, userName: 'u', path: '/', userId: 'AIDAU', createdAt: 0 })
    await change.insertAccessKey({ accessKeyId: 'AKIAU', account, userName: 'u', active: true, token, createdAt: 0 })
    await change.recordAudit({ eventId: 'e', node: 'node-1', line: '{}' })
  })
  await store.findKey(key)
  await store.findKeyByMaterial(region, material.materialId)
  await store.findMaterial(region, material.materialId)
  await store.listMaterials(key, page, 'all')
  await store.listMaterials(key, { ...page, after: material.materialId }, 'rotated')
  await store.saveUses([{ ...key, operation: 'Encrypt', time: 1, eventId: 'e', requestId: 'r' }])
  await store.findLastUsage(key)
  await store.lastUsageTrackedSince()
  await store.findAlias(alias)
  await store.listKeys(account, region, page, 0)
  await store.listAliases(account, region, undefined, page, 0)
  await store.listAliases(account, region, key.keyId, page, 0)
  await store.countKeys(account, region)
  await store.countAliases(key)
  await store.findCredential('AKIAU')
  await store.findDomainKey('d')
  await store.newestDomainKey()
  await store.listAccounts()
  await store.changesAfter(await store.changesPosition())
  await store.pendingAuditRecords()
  await store.auditRecordsWritten(['e'])
  await store.keysToErase(0, 10)
  await store.keysToRotate(0, 10)
  await store.expiredMaterials(0, 10)
  await store.acquireLease('l', 'node-1', 0, 1)
  await store.pruneChanges(systemClock.now() + 1)
  await store.change((change) => change.deleteAlias(alias))
  await store.change((change) => change.eraseKey(key))
}

/** The SQL of every statement that `work` prepares. */
async function preparedBy(work: () => Promise<void>): Promise<Set<string>> {
  const prepared = new Set<string>()
  const { prepare } = DatabaseSync.prototype
  DatabaseSync.prototype.prepare = function (text: string) {
    prepared.add(text)
    return prepare.call(this, text)
  }
  try {
    await work()
  } finally {
    DatabaseSync.prototype.prepare = prepare
  }
  return prepared
}

describe('queries', () => {
  test('never scan what grows with the number of keys, and never sort', async () => {
    const fixture = await fileFixture()
    const store = await fixture.open('node-1', systemClock)
    const statements = await preparedBy(() => doEverything(store))
    const queries = [...statements].filter((text) => /^(select|update|delete|insert)/i.test(text))
    assert.ok(queries.length > 30, `only ${queries.length} queries were seen`)
    const file = new DatabaseSync(fixture.path)
    let steps = 0
    for (const query of queries) {
      const parameters = Array(query.split('?').length - 1).fill(null)
      for (const row of file.prepare(`EXPLAIN QUERY PLAN ${query}`).all(...parameters)) {
        const step = String(row.detail)
        steps++
        const isAllowed = !step.startsWith('SCAN') || MAY_BE_SCANNED.test(step)
        assert.ok(isAllowed && !step.includes('TEMP B-TREE') && !step.includes('AUTOMATIC'), `${step}: ${query}`)
      }
    }
    assert.ok(steps > 20, `only ${steps} steps were explained`)
    file.close()
    await store.close()
    await fixture.remove()
  })

  test('that are read again are not prepared again', async () => {
    const fixture = await fileFixture()
    const store = await fixture.open('node-1', systemClock)
    const key = exampleKey()
    await store.findKey(key)
    const again = await preparedBy(async () => {
      for (let time = 0; time < 10; time++) await store.findKey(key)
    })
    assert.deepEqual(again, new Set())
    await store.close()
    await fixture.remove()
  })
})
