/** A store of a million keys works like one of ten: every query finds its rows by an index. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { exampleKey } from '../contract/store/examples.ts'
import { doEverything } from './everything.ts'
import { fileFixture } from './sqlite-fixtures.ts'

/** Small for good, or read from one end and no further than needed. */
const MAY_BE_SCANNED =
  /^SCAN (accounts USING COVERING INDEX \w+|changes_pruned|audit_outbox( USING COVERING INDEX \w+)?|event_outbox|changes|domain_keys USING INDEX domain_keys_by_age|deletion_alarms USING INDEX deletion_alarms_(by_last_call|to_announce))$/

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

  test('keys are counted in a range of their names, however many there are', async () => {
    const fixture = await fileFixture()
    const store = await fixture.open('node-1', systemClock)
    await store.change((change) => change.insertKey(exampleKey(), []))
    const statements = await preparedBy(async () => void (await store.countKeysByState(exampleKey(), 1, 0)))
    const file = new DatabaseSync(fixture.path)
    const plans = [...statements].map((query) => {
      const parameters = Array(query.split('?').length - 1).fill('')
      const steps = file.prepare(`EXPLAIN QUERY PLAN ${query}`).all(...parameters)
      return steps.map(({ detail }) => String(detail)).join('; ')
    })
    assert.equal(plans.length, 2)
    for (const plan of plans)
      assert.match(plan, /^SEARCH keys USING (COVERING )?INDEX \S+ \(\(account,region,key_id\)>/)
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
