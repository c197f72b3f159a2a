/** A store that is looked at beside a server. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { openSqlite } from '../../src/store/dialects/sqlite.ts'
import { migrate } from '../../src/store/migrate.ts'
import { migrations } from '../../src/store/migrations/index.ts'
import { openSqliteSnapshot } from '../../src/store/sqlite-store.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { exampleKey, insert } from '../contract/store/examples.ts'
import { fileFixture } from './sqlite-fixtures.ts'

test('all reads see the store as it was first seen, and changes do not wait for it', async () => {
  const fixture = await fileFixture()
  const store = await fixture.open('node-1', systemClock)
  const [before, after] = [exampleKey(), exampleKey()]
  await insert(store, before)
  const { reader, close } = await openSqliteSnapshot(fixture.path)
  assert.deepEqual(await reader.findKey(before), before)
  await insert(store, after)
  assert.equal(await reader.findKey(after), undefined)
  close()
  const later = await openSqliteSnapshot(fixture.path)
  assert.deepEqual(await later.reader.findKey(after), after)
  later.close()
  await store.close()
  await fixture.remove()
})

test('a store of an older or a newer schema is refused, and left as it is', async () => {
  for (const steps of [
    migrations.slice(0, -1),
    [...migrations, { number: 999, name: 'future', breaking: true, up: async () => {} }],
  ]) {
    const fixture = await fileFixture()
    const database = await openSqlite(fixture.path)
    await migrate(database, systemClock, steps)
    await database.close()
    await assert.rejects(openSqliteSnapshot(fixture.path), StoreError)
    const file = new DatabaseSync(fixture.path)
    assert.equal(file.prepare('SELECT count(*) AS count FROM migrations').get()!.count, steps.length)
    file.close()
    await fixture.remove()
  }
})

test('a file that is no store is refused, and left as it is', async () => {
  const fixture = await fileFixture()
  const empty = join(fixture.folder, 'empty.db')
  writeFileSync(empty, '')
  await assert.rejects(openSqliteSnapshot(empty), StoreError)
  const garbage = join(fixture.folder, 'garbage.db')
  writeFileSync(garbage, 'x'.repeat(5000))
  await assert.rejects(openSqliteSnapshot(garbage), StoreError)
  const other = join(fixture.folder, 'other.db')
  const database = new DatabaseSync(other)
  database.exec('CREATE TABLE notes (note TEXT)')
  database.close()
  await assert.rejects(openSqliteSnapshot(other), StoreError)
  rmSync(other)
  await fixture.remove()
})
