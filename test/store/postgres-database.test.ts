/** Which databases a store is opened on, what is said of others, and how queries find their rows there. */
import assert from 'node:assert/strict'
import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { Client } from 'pg'
import { systemClock } from '../../src/base/clock.ts'
import { faultOf, openPostgres } from '../../src/store/dialects/postgres.ts'
import { migrate } from '../../src/store/migrate.ts'
import { migrations } from '../../src/store/migrations/index.ts'
import { openPostgresSnapshot, openPostgresStore, type PostgresLogin } from '../../src/store/postgres-store.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { exampleKey } from '../contract/store/examples.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { type PostgresServer, postgresMissing, startPostgres } from '../support/postgres.ts'
import { selfSigned } from '../wire/self-signed.ts'
import { doEverything } from './everything.ts'

const NEWEST = migrations.at(-1)!.number

describe('over PostgreSQL', { skip: postgresMissing }, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres(selfSigned('keyhold tests', { host: 'localhost' }))
  })
  after(() => server.remove())

  const overTcp = (login: PostgresLogin, facts: Partial<PostgresLogin> = {}): PostgresLogin => ({
    ...login,
    host: '127.0.0.1',
    password: server.password,
    ...facts,
  })

  async function opens(login: PostgresLogin): Promise<void> {
    await (await openPostgresStore(login, systemClock)).close()
  }

  async function refusal(login: PostgresLogin): Promise<string> {
    const error = await opens(login).then(
      () => new Error('it was opened'),
      (error: unknown) => error,
    )
    assert.ok(error instanceof StoreError, `not an error for the operator: ${error}`)
    return error.message
  }

  describe('the operator is told what to do', () => {
    test('about the way to the database', async () => {
      const login = await server.createDatabase()
      await opens(overTcp(login))
      assert.match(
        await refusal(overTcp(login, { password: 'wrong' })),
        /password of keyhold is wrong.*KEYHOLD_STORE_PASSWORD/,
      )
      assert.match(
        await refusal(overTcp(login, { password: undefined })),
        /asks for a password.*Put that of keyhold into/,
      )
      assert.match(
        await refusal({ ...login, database: 'none' }),
        /"none" does not exist.*CREATE DATABASE "none" OWNER "keyhold"/,
      )
      assert.match(await refusal(overTcp(login, { port: 1 })), /Nothing listens there/)
      assert.match(await refusal({ ...login, host: '/nowhere' }), /no socket in that folder/)
      assert.match(await refusal(overTcp(login, { host: 'name.invalid' })), /cannot resolve that name/)
    })

    test('about the database', async () => {
      const login = await server.createDatabase()
      await server.run('CREATE TABLE migrations (id int); CREATE TABLE songs (title text)', login.database)
      assert.match(await refusal(login), /tables of another program.*database of its own/)
      assert.deepEqual(await server.run('SELECT * FROM songs', login.database), [])
      await server.run(`CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0`)
      assert.match(await refusal({ ...login, database: 'latin' }), /encoding LATIN1.*ENCODING 'UTF8'/)
      await server.run('CREATE ROLE guest LOGIN')
      const empty = await server.createDatabase()
      assert.match(await refusal({ ...empty, user: 'guest' }), /guest may not make tables.*owner of the database/)
      await opens(empty)
      assert.match(await refusal({ ...empty, user: 'guest' }), /permission denied.*Make guest the owner/)
    })

    test('about servers that Keyhold does not work with', () => {
      const fine = {
        ...{ version: '15.4', version_number: 150_004, encoding: 'UTF8', fsync: 'on' },
        ...{ schema: 'public', may_create: true, tables: [], session: '' },
      }
      const login = { database: 'd', user: 'u' }
      assert.equal(faultOf(fine, login), undefined)
      assert.match(
        faultOf({ ...fine, version: '13.2', version_number: 130_002 }, login)!,
        /13\.2; Keyhold needs 14 or newer/,
      )
      assert.match(faultOf({ ...fine, fsync: 'off' }, login)!, /fsync = off.*Turn it on/)
      assert.match(faultOf({ ...fine, schema: null }, login)!, /no schema.*CREATE SCHEMA/)
    })

    test('about a snapshot of nothing', async () => {
      await assert.rejects(openPostgresSnapshot(await server.createDatabase()), /is empty/)
    })
  })

  describe('TLS', () => {
    const tls = (rootCert: string | undefined) => ({ rootCert, cert: undefined, key: undefined })

    test('is spoken with a server whose certificate and name are known', async () => {
      const login = await server.createDatabase()
      const store = await openPostgresStore(
        overTcp(login, { host: 'localhost', tls: tls(server.certificateFile) }),
        systemClock,
      )
      const sessions = await server.run(
        `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = '${login.database}'`,
      )
      assert.ok(sessions.length > 0)
      assert.ok(sessions.every(({ ssl }) => ssl === true))
      await store.close()
    })

    test('goes by files that were renewed since, and by what they had where one is missing', async () => {
      const login = await server.createDatabase()
      const folder = temporaryFolder('renewed-certificate')
      const rootCert = join(folder.path, 'root.pem')
      copyFileSync(server.certificateFile, rootCert)
      const store = await openPostgresStore(overTcp(login, { host: 'localhost', tls: tls(rootCert) }), systemClock)
      const endAll = () =>
        server.run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${login.database}'`)
      writeFileSync(rootCert, selfSigned('keyhold tests', { host: 'localhost' }).cert)
      await endAll()
      await assert.rejects(async () => store.listAccounts(), /self-signed certificate/)
      copyFileSync(server.certificateFile, rootCert)
      assert.deepEqual(await store.listAccounts(), [])
      rmSync(rootCert)
      await endAll()
      assert.deepEqual(await store.listAccounts(), [])
      await store.close()
      folder.remove()
    })

    test('is not spoken with any other', async () => {
      const login = await server.createDatabase()
      const folder = temporaryFolder('other-certificate')
      const other = join(folder.path, 'other.pem')
      writeFileSync(other, selfSigned('keyhold tests', { host: 'localhost' }).cert)
      const known = tls(server.certificateFile)
      assert.match(
        await refusal(overTcp(login, { host: 'localhost', tls: tls(undefined) })),
        /cannot be trusted.*sslrootcert=FILE/,
      )
      assert.match(await refusal(overTcp(login, { host: 'localhost', tls: tls(other) })), /cannot be trusted/)
      assert.match(await refusal(overTcp(login, { tls: known })), /has another name/)
      assert.match(await refusal(overTcp(login, { tls: tls('/nowhere.pem') })), /sslrootcert, \/nowhere\.pem/)
      folder.remove()
    })
  })

  test('several nodes may be the first to open a store', async () => {
    const login = await server.createDatabase()
    const stores = await Promise.all([1, 2, 3].map(() => openPostgresStore(login, systemClock)))
    assert.deepEqual(await stores[2]!.listAccounts(), [])
    await Promise.all(stores.map((store) => store.close()))
  })

  test('a snapshot sees one state, and changes nothing', async () => {
    const login = await server.createDatabase()
    const store = await openPostgresStore(login, systemClock)
    const [before, after] = [exampleKey(), exampleKey()]
    await store.change((change) => change.insertKey(before, []))
    const { reader, close } = await openPostgresSnapshot(login)
    assert.deepEqual(await reader.findKey(before), before)
    await store.change((change) => change.insertKey(after, []))
    assert.equal(await reader.findKey(after), undefined)
    await close()
    await store.close()
  })

  describe('migrations', () => {
    test('carry what a store of the first release held over to today', async () => {
      const login = await server.createDatabase()
      const database = await openPostgres(login)
      await migrate(database, systemClock, migrations.slice(0, 1))
      await database.close()
      const key = exampleKey({ currentMaterialId: 'a'.repeat(64) })
      const name = `'${key.account}', '${key.region}', '${key.keyId}'`
      await server.run(
        `INSERT INTO keys (account, region, key_id, spec, usage, origin, manager, multi_region, description, created_at,
                           enabled, current_material_id, tags, policy)
         VALUES (${name}, 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', 'AWS_KMS', 'CUSTOMER', 0, '', ${key.createdAt}, 1,
                 '${key.currentMaterialId}', '[]', '{}');
         INSERT INTO key_materials (account, region, key_id, material_id, token, created_at)
         VALUES (${name}, '${key.currentMaterialId}', '\\x0102', 5)`,
        login.database,
      )
      const store = await openPostgresStore(login, systemClock)
      assert.deepEqual(await store.findKey(key), key)
      const [material] = await store.listMaterials(key, { after: undefined, limit: 10 }, 'all')
      assert.deepEqual(material?.token, Buffer.of(1, 2))
      await store.close()
    })

    test('that fail leave the store as it was; those of a newer Keyhold that break this one are refused', async () => {
      const login = await server.createDatabase()
      const database = await openPostgres(login)
      await migrate(database, systemClock)
      const step = { number: NEWEST + 1, name: 'split-keys' }
      const fail = async () => {
        throw new Error('on purpose')
      }
      await assert.rejects(
        migrate(database, systemClock, [...migrations, { ...step, breaking: true, up: fail }]),
        /on purpose/,
      )
      await opens(login)
      await migrate(database, systemClock, [
        ...migrations,
        { ...step, breaking: true, up: async (db) => void (await sql`CREATE TABLE halves (a int)`.execute(db)) },
      ])
      await database.close()
      assert.match(await refusal(login), /newer Keyhold.*split-keys/)
    })
  })

  test('no query scans what grows with the number of keys, and none sorts', async () => {
    const login = await server.createDatabase()
    const store = await openPostgresStore(login, systemClock)
    const texts = await queriedBy(() => doEverything(store))
    await store.close()
    const queries = [...texts].filter((text) => /^(select|update|delete|insert) /.test(text))
    assert.ok(queries.length > 30, `only ${queries.length} queries were seen`)
    const client = new Client({ host: server.folder, port: server.port, user: login.user, database: login.database })
    await client.connect()
    // Tables are nearly empty here: what the planner does for want of an index is what it would do of necessity.
    await client.query('SET enable_seqscan = off; SET enable_sort = off; SET plan_cache_mode = force_generic_plan')
    let steps = 0
    for (const [index, query] of queries.entries()) {
      const count = new Set(query.match(/\$\d+/g)).size
      await client.query(`PREPARE q${index} AS ${query}`)
      const nulls = count === 0 ? '' : `(${Array(count).fill('NULL').join(', ')})`
      for (const row of (await client.query(`EXPLAIN EXECUTE q${index}${nulls}`)).rows) {
        const step = String(row['QUERY PLAN'])
        steps++
        assert.ok(MAY_BE_SCANNED.test(step) || !/Seq Scan|Sort/.test(step), `${step}: ${query}`)
      }
    }
    assert.ok(steps > 60, `only ${steps} steps were explained`)
    await client.end()
  })
})

/** Small for good. */
const MAY_BE_SCANNED = /Seq Scan on (accounts|changes_pruned|audit_outbox|event_outbox|custom_key_stores)\b/

async function queriedBy(work: () => Promise<void>): Promise<Set<string>> {
  const texts = new Set<string>()
  const { query } = Client.prototype
  Client.prototype.query = function (this: Client, ...args: unknown[]) {
    if (typeof args[0] === 'string') texts.add(args[0])
    return Reflect.apply(query, this, args)
  } as typeof query
  try {
    await work()
  } finally {
    Client.prototype.query = query
  }
  return texts
}
