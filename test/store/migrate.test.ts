/** Migrations: applied once and whole, never edited, refused when they are from the future (examples.md section 7). */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { systemClock } from '../../src/base/clock.ts'
import { openSqlite } from '../../src/store/dialects/sqlite.ts'
import { migrate } from '../../src/store/migrate.ts'
import { migrations } from '../../src/store/migrations/index.ts'
import type { Migration } from '../../src/store/migrations/migration.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { exampleKey } from '../contract/store/examples.ts'
import { fileFixture } from './sqlite-fixtures.ts'

/** SHA-256 of the schema after each migration. A released migration is never edited: its line here never changes. */
const SCHEMAS: Readonly<Record<number, string>> = {
  1: 'f49f24d4e6ae1368de11b42e49ce862ecca4c25e3a0dc0ac3d9baae4ffe7a613',
  2: 'a1f7f0ca35a23f5b43de505280ade29277caa11ba57de54640f86cc2fdf68096',
  3: '47d0e19cffd8bcec3a8fadb3cf127b386a4d4eecaade8a16d3fe61900c1f668d',
  4: '7cdec74904786eacee457984489adcf6b0f27b4b1cde728f3bafaba1d7d4536d',
  5: 'cb7b396a6fc4b273bd2b08fa12d30a28653ed798ef0a13086c6f7966c3d77c74',
  6: '9c39f1fc49242f99d9d9327c5e6069356077ab629f67107bccc3910a646c1a0e',
  7: 'a9d1814fe444dc41b99e276f2d0fa474b62705f6c36e0373910ed56efe5f9698',
  8: 'a85939eb1b0f28e7f152e7849cd1feb951d85d3ad071b9046afb016f24bbe47a',
  9: 'bf471778d5c427df31021cb240428e75337758c028aa8504331a9107fe624742',
  10: '859f7f2c85584a7413522c7f130857bee8ac9e4e96a9686bf13af2f4feaa7447',
  11: '8fb07f23f0635815b1e106a27509244cba7d7fe1613dbe3dd1bf9942124bb837',
}

const NEWEST = migrations.at(-1)!.number

async function schemaAfter(steps: readonly Migration[]): Promise<string> {
  const fixture = await fileFixture()
  const database = await openSqlite(fixture.path)
  await migrate(database, systemClock, steps)
  await database.close()
  const file = new DatabaseSync(fixture.path)
  const rows = file.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name').all()
  file.close()
  await fixture.remove()
  assert.ok(rows.length > 5, 'read no schema')
  return createHash('sha256')
    .update(rows.map((row) => row.sql).join('\n'))
    .digest('hex')
}

/** Plays the part of a newer Keyhold. */
async function upgrade(path: string, step: Omit<Migration, 'up'>, ddl: string): Promise<void> {
  const database = await openSqlite(path)
  const up: Migration['up'] = async (db) => {
    await sql.raw(ddl).execute(db)
  }
  await migrate(database, systemClock, [...migrations, { ...step, up }])
  await database.close()
}

describe('migrations', () => {
  test('are numbered from 1 without gaps', () => {
    assert.deepEqual(
      migrations.map(({ number }) => number),
      migrations.map((_, index) => index + 1),
    )
  })

  test('have not been edited since they were released', async () => {
    assert.equal(Object.keys(SCHEMAS).length, migrations.length)
    for (const [index, { number }] of migrations.entries()) {
      assert.equal(await schemaAfter(migrations.slice(0, index + 1)), SCHEMAS[number], `after ${number}`)
    }
  })

  test('carry what a store of the first release held over to today', async () => {
    const fixture = await fileFixture()
    const database = await openSqlite(fixture.path)
    await migrate(database, systemClock, migrations.slice(0, 1))
    await database.close()
    const file = new DatabaseSync(fixture.path)
    const key = exampleKey({ currentMaterialId: 'a'.repeat(64) })
    const set = { primaryRegion: key.region, replicaRegions: [] }
    const primary = exampleKey({ multiRegion: true, multiRegionSet: set })
    const name = `'${key.account}', '${key.region}', '${key.keyId}'`
    file.exec(`
      INSERT INTO keys (account, region, key_id, spec, usage, origin, manager, multi_region, description, created_at, enabled,
                        current_material_id, tags, policy)
      VALUES (${name}, 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', 'AWS_KMS', 'CUSTOMER', 0, '', ${key.createdAt}, 1,
              '${key.currentMaterialId}', '[]', '{}');
      INSERT INTO keys (account, region, key_id, spec, usage, origin, manager, multi_region, description, created_at, enabled,
                        tags, policy)
      VALUES ('${primary.account}', '${primary.region}', '${primary.keyId}', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT',
              'AWS_KMS', 'CUSTOMER', 1, '', ${primary.createdAt}, 1, '[]', '{}');
      INSERT INTO key_materials (account, region, key_id, material_id, token, created_at)
      VALUES (${name}, '${key.currentMaterialId}', x'0102', 5)`)
    file.close()
    const store = await fixture.open('node-1', systemClock)
    assert.deepEqual(await store.findKey(key), key)
    assert.deepEqual(await store.findKey(primary), primary)
    const { account, region, keyId } = key
    assert.deepEqual(await store.listMaterials(key, { after: undefined, limit: 10 }, 'all'), [
      {
        ...{ account, region, keyId, materialId: key.currentMaterialId, token: Buffer.of(1, 2), createdAt: 5 },
        ...{ sealedIn: region, state: 'CURRENT', rotation: undefined, imported: undefined },
      },
    ])
    await store.close()
    await fixture.remove()
  })

  test('keep the users and access keys of earlier stores, and what they could do', async () => {
    const fixture = await fileFixture()
    const database = await openSqlite(fixture.path)
    await migrate(database, systemClock, migrations.slice(0, 3))
    await database.close()
    const account = '111122223333'
    const file = new DatabaseSync(fixture.path)
    file.exec(`
      INSERT INTO accounts (account, created_at) VALUES ('${account}', 1);
      INSERT INTO users (account, user_name, path, user_id, created_at)
      VALUES ('${account}', 'Administrator', '/', 'AIDAADMIN', 2);
      INSERT INTO access_keys (access_key_id, account, user_name, active, token, created_at)
      VALUES ('AKIAADMIN', '${account}', 'Administrator', 1, x'01', 3), ('AKIAROOT', '${account}', NULL, 0, x'02', 4)`)
    file.close()
    const store = await fixture.open('node-1', systemClock)
    const user = { account, userName: 'Administrator', path: '/', userId: 'AIDAADMIN', createdAt: 2 }
    assert.deepEqual(await store.findUser(account, 'administrator'), { ...user, tags: [], boundaryArn: undefined })
    const accessKey = { accessKeyId: 'AKIAADMIN', account, active: true, token: Buffer.of(1), createdAt: 3 }
    assert.deepEqual(await store.listAccessKeys(account, 'Administrator'), [
      { ...accessKey, userName: 'Administrator' },
    ])
    const ofRoot = { accessKeyId: 'AKIAROOT', account, active: false, token: Buffer.of(2), createdAt: 4 }
    assert.deepEqual(await store.findCredential('AKIAROOT'), {
      accessKey: { ...ofRoot, userName: undefined },
      user: undefined,
    })
    const policyArn = 'arn:aws:iam::aws:policy/AdministratorAccess'
    assert.deepEqual(await store.listAttachments('AIDAADMIN'), [
      { account, ownerKind: 'user', ownerId: 'AIDAADMIN', policyArn },
    ])
    await store.close()
    await fixture.remove()
  })

  test('are applied once', async () => {
    const fixture = await fileFixture()
    for (let start = 0; start < 2; start++) await (await fixture.open('node-1', systemClock)).close()
    const file = new DatabaseSync(fixture.path)
    const applied = file.prepare('SELECT number FROM migrations').all()
    assert.deepEqual(
      applied.map((row) => row.number),
      migrations.map(({ number }) => number),
    )
    file.close()
    await fixture.remove()
  })

  test('that fail leave the store as it was', async () => {
    const fixture = await fileFixture()
    const store = await fixture.open('node-1', systemClock)
    const key = exampleKey()
    await store.change((change) => change.insertKey(key, []))
    await store.close()
    const step = { number: NEWEST + 1, name: 'fails', breaking: false }
    const database = await openSqlite(fixture.path)
    const up: Migration['up'] = async (db) => {
      await sql`CREATE TABLE half_done (a)`.execute(db)
      await sql`DELETE FROM keys`.execute(db)
      throw new Error('on purpose')
    }
    await assert.rejects(migrate(database, systemClock, [...migrations, { ...step, up }]), /on purpose/)
    await database.close()
    const again = await fixture.open('node-1', systemClock)
    assert.deepEqual(await again.findKey(key), key)
    await again.close()
    const file = new DatabaseSync(fixture.path)
    assert.equal(file.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'half_done'").get(), undefined)
    file.close()
    await fixture.remove()
  })

  test('of a newer Keyhold that break this one are refused, with what to do, and stay', async () => {
    const fixture = await fileFixture()
    const number = NEWEST + 1
    await upgrade(fixture.path, { number, name: 'split-keys', breaking: true }, 'ALTER TABLE keys RENAME TO kms_keys')
    await assert.rejects(fixture.open('node-1', systemClock), (error) => {
      assert.ok(error instanceof StoreError)
      assert.match(error.message, /newer Keyhold.*split-keys.*Start that version again, or restore a backup/)
      return true
    })
    const file = new DatabaseSync(fixture.path)
    assert.equal(file.prepare('SELECT max(number) AS newest FROM migrations').get()!.newest, number)
    file.close()
    await fixture.remove()
  })

  test('of a newer Keyhold that break nothing are no reason to stop: nodes are upgraded one after the other', async () => {
    const fixture = await fileFixture()
    const number = NEWEST + 1
    await upgrade(
      fixture.path,
      { number, name: 'more', breaking: false },
      "ALTER TABLE keys ADD COLUMN more TEXT DEFAULT ''",
    )
    const store = await fixture.open('node-1', systemClock)
    const key = exampleKey()
    await store.change((change) => change.insertKey(key, []))
    assert.deepEqual(await store.findKey(key), key)
    await store.close()
    await fixture.remove()
  })
})
