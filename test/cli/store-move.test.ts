/** `keyhold store move`: a store in a file goes to PostgreSQL and comes back with everything in it. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as kms from '@aws-sdk/client-kms'
import { Client } from 'pg'
import { systemClock } from '../../src/base/clock.ts'
import { STORE_COPIED_AT_ONCE_MAX } from '../../src/base/limits.ts'
import { openPostgresStore, type PostgresLogin } from '../../src/store/postgres-store.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { exampleKey } from '../contract/store/examples.ts'
import { MAIN, readCredentials, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'
import { type PostgresServer, postgresMissing, startPostgres } from '../support/postgres.ts'

const addressOf = ({ user, database, host, port }: PostgresLogin) =>
  `postgres://${user}@/${database}?host=${host}&port=${port}`

describe('keyhold store move', { skip: postgresMissing, timeout: 300_000 }, () => {
  const folder = temporaryFolder('move')
  const data = join(folder.path, 'data')
  const file = join(data, 'keyhold.db')
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(async () => {
    await server.remove()
    folder.remove()
  })

  const keyhold = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args, '--data', data], {
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }

  async function whileServing<T>(work: (client: kms.KMSClient) => Promise<T>): Promise<T> {
    const running = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', data])
    const settings = { endpoint: running.endpoint, region: 'eu-central-1', credentials: readCredentials(data) }
    const client = new kms.KMSClient(settings)
    try {
      return await work(client)
    } finally {
      client.destroy()
      await running.end()
    }
  }

  test('carries keys and what they opened there and back', async () => {
    const CiphertextBlob = await whileServing(async (client) => {
      const { KeyMetadata } = await client.send(new kms.CreateKeyCommand({ Description: 'a\0b' }))
      const { KeyId } = KeyMetadata!
      await client.send(new kms.CreateAliasCommand({ AliasName: 'alias/moved', TargetKeyId: KeyId }))
      assert.match(keyhold('store', 'move', 'file').stderr, /in use|running/)
      return (await client.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('text') }))).CiphertextBlob
    })
    const decrypts = (client: kms.KMSClient) =>
      client
        .send(new kms.DecryptCommand({ CiphertextBlob }))
        .then(({ Plaintext }) => Buffer.from(Plaintext!).toString())
    const before = rowsOfFile(file)
    const login = await server.createDatabase()

    const there = keyhold('store', 'move', addressOf(login))
    assert.equal(there.status, 0, there.stderr)
    assert.match(there.stdout, /^moved \d+ rows to postgres:.*keyhold\.db\.moved\n$/)
    assert.equal(existsSync(file), false)
    const description = await whileServing(async (client) => {
      assert.equal(await decrypts(client), 'text')
      return (await client.send(new kms.DescribeKeyCommand({ KeyId: 'alias/moved' }))).KeyMetadata!.Description
    })
    assert.equal(description, 'a\0b')

    assert.match(keyhold('store', 'move', addressOf(login)).stderr, /the store is in postgres:.* already/)
    const back = keyhold('store', 'move', 'file')
    assert.equal(back.status, 0, back.stderr)
    assert.equal(existsSync(join(data, 'store.json')), false)
    assert.equal(await whileServing(decrypts), 'text')
    const after = rowsOfFile(file)
    for (const table of ['keys', 'key_materials', 'aliases', 'users', 'accounts']) {
      assert.ok(before[table]!.length > 0, `there were no ${table}`)
      assert.deepEqual(after[table], before[table])
    }
    const times = (rows: Rows) => rows.migrations!.map(({ applied_at }) => applied_at)
    assert.deepEqual(times(after), times(before), 'since when uses of keys are known')
  })

  test('carries many pages of rows, in whatever order the database has its languages', async () => {
    const store = await openSqliteStore({ path: file, node: 'test', clock: systemClock })
    await store.change(async (change) => {
      for (let number = 0; number < 1.2 * STORE_COPIED_AT_ONCE_MAX; number++) {
        const key = exampleKey()
        await change.insertKey(key, [])
        for (const letter of ['a', 'B', 'É', 'z']) {
          const aliasName = `alias/${letter}${number}`
          await change.insertAlias({ ...key, aliasName, createdAt: 0, updatedAt: 0 })
        }
      }
    })
    await store.close()
    const before = rowsOfFile(file)
    assert.ok(before.keys!.length > STORE_COPIED_AT_ONCE_MAX && before.aliases!.length > 4 * STORE_COPIED_AT_ONCE_MAX)
    assert.equal(keyhold('store', 'move', addressOf(await server.createDatabase())).status, 0)
    assert.equal(keyhold('store', 'move', 'file').status, 0)
    const after = rowsOfFile(file)
    for (const table of ['keys', 'aliases']) assert.deepEqual(after[table], before[table])
  })

  test('sets aside what an interrupted move left, and overwrites no backup', async () => {
    const backups = () => readdirSync(data).filter((name) => name.startsWith('keyhold.db.'))
    const known = backups()
    const there = keyhold('store', 'move', addressOf(await server.createDatabase()))
    const [moved, ...others] = backups().filter((name) => !known.includes(name))
    assert.deepEqual(others, [])
    assert.ok(there.stdout.includes(`stays in ${join(data, moved!)}`))
    // As a crash leaves it that came before the file was set aside; and one in the midst of the way back.
    copyFileSync(join(data, moved!), file)
    writeFileSync(`${file}.unfinished`, 'half a copy')
    const back = keyhold('store', 'move', 'file')
    assert.equal(back.status, 0, back.stderr)
    const [leftOver, ...more] = backups().filter((name) => ![...known, moved].includes(name))
    assert.deepEqual(more, [])
    assert.deepEqual(rowsOfFile(join(data, leftOver!)), rowsOfFile(join(data, moved!)))
    assert.deepEqual(rowsOfFile(file).keys, rowsOfFile(join(data, moved!)).keys)
  })

  test('leaves nothing behind that only a newer version knows', async () => {
    const database = new DatabaseSync(file)
    database.exec(`INSERT INTO migrations (number, name, breaking, applied_at) VALUES (9999, 'more', 0, 0)`)
    database.close()
    const refused = keyhold('store', 'move', addressOf(await server.createDatabase()))
    assert.equal(refused.status, 1)
    assert.match(refused.stderr, /upgraded by a newer Keyhold.*9999.*Use that version/s)
    assert.equal(existsSync(join(data, 'store.json')), false)
    const restored = new DatabaseSync(file)
    restored.exec('DELETE FROM migrations WHERE number = 9999')
    restored.close()
  })

  test('goes to an empty database only, and away from no machine that runs', async () => {
    const login = await server.createDatabase()
    const store = await openPostgresStore(login, systemClock)
    await store.change((change) => change.insertAccount('111122223333', 0))
    const before = readFileSync(file)
    const refused = keyhold('store', 'move', addressOf(login))
    assert.equal(refused.status, 1)
    assert.match(refused.stderr, /There is a store in that place already/)
    assert.deepEqual(readFileSync(file), before)
    await store.close()
    const empty = await server.createDatabase()
    assert.equal(keyhold('store', 'move', addressOf(empty)).status, 0)
    const other = await openPostgresStore(empty, systemClock)
    await other.listAccounts()
    assert.match(keyhold('store', 'move', 'file').stderr, /other machines have \d+ connections.*\n.*stop their servers/)
    await other.close()
    assert.equal(keyhold('store', 'move', 'file').status, 0)
    assert.match(keyhold('store', 'move', 'file').stderr, /is in .*keyhold\.db already/)
  })

  test('leaves no database to which another machine comes meanwhile', async () => {
    const login = await server.createDatabase()
    assert.equal(keyhold('store', 'move', addressOf(login)).status, 0)
    const client = new Client({ host: login.host, port: login.port, user: login.user, database: login.database })
    await client.connect()
    const waiting = async (event: string) => {
      const asked = `SELECT 1 FROM pg_stat_activity WHERE wait_event = '${event}' AND datname = '${login.database}'`
      while ((await server.run(asked)).length === 0) await sleep(20)
    }
    // In the midst of the copy.
    await client.query('BEGIN; LOCK TABLE event_outbox')
    const moving = spawn(process.execPath, [MAIN, 'store', 'move', 'file', '--data', data])
    let complaint = ''
    moving.stderr.on('data', (chunk) => {
      complaint += chunk
    })
    const ended = once(moving, 'close')
    await waiting('relation')
    const opening = openPostgresStore(login, systemClock)
    await waiting('advisory')
    await client.query('ROLLBACK')
    assert.deepEqual(await ended, [1, null])
    assert.match(complaint, /other machines have \d+ connections/)
    assert.equal(existsSync(file), false)
    await (await opening).close()
    await client.end()
    assert.equal(keyhold('store', 'move', 'file').status, 0)
  })
})

type Rows = Readonly<Record<string, readonly Record<string, unknown>[]>>

function rowsOfFile(path: string): Rows {
  const database = new DatabaseSync(path)
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
  const rows = tables.map(({ name }) => [String(name), database.prepare(`SELECT * FROM ${name} ORDER BY 1, 2`).all()])
  database.close()
  return Object.fromEntries(rows)
}
