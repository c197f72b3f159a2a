/** A database across a network: connections break, servers restart, and nobody may believe what is not so. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { STORE_CONNECTIONS_MAX } from '../../src/base/limits.ts'
import type { ChangeNotice, Store } from '../../src/domain/store.ts'
import { inPostgres } from '../../src/start/store-place.ts'
import { openMigratedPostgres, openPostgresStore } from '../../src/store/postgres-store.ts'
import { createSqlStore } from '../../src/store/sql-store.ts'
import { exampleKey, ref } from '../contract/store/examples.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { type PostgresServer, postgresMissing, startPostgres } from '../support/postgres.ts'
import { type SeverableWay, severableWay } from '../support/severable.ts'
import { assertWhole, COUNTER, startWriter } from './counter.ts'

describe('over PostgreSQL', { skip: postgresMissing }, () => {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.remove())

  async function withWay(work: (store: Store, way: SeverableWay) => Promise<void>): Promise<void> {
    const login = await server.createDatabase()
    const way = await severableWay(server.port)
    const cut = { ...login, host: '127.0.0.1', port: way.port, password: server.password }
    const store = await openPostgresStore(cut, systemClock)
    try {
      await work(store, way)
    } finally {
      await store.close()
      way.close()
    }
  }

  describe('a connection that breaks at the moment of a commit', () => {
    test('whose answer is lost: the change is found to be made, and counts', () =>
      withWay(async (store, way) => {
        const told: ChangeNotice[] = []
        store.onCommit((notices) => told.push(...notices))
        const key = exampleKey()
        way.cutAtCommit('answer')
        await store.change((change) => change.insertKey(key, []))
        assert.deepEqual(await store.findKey(key), key)
        assert.deepEqual(told, [{ kind: 'key', subject: ref(key) }])
      }))

    test('which never arrives: the change fails, and has changed nothing', () =>
      withWay(async (store, way) => {
        const [key, next] = [exampleKey(), exampleKey()]
        way.cutAtCommit('request')
        await assert.rejects(
          store.change((change) => change.insertKey(key, [])),
          /connection was lost/,
        )
        assert.equal(await store.findKey(key), undefined)
        await store.change((change) => change.insertKey(next, []))
        assert.deepEqual(await store.findKey(next), next)
      }))

    test('and nobody can say how it ended: the node is told of its own change as soon as it shows', () =>
      withWay(async (store, way) => {
        const key = exampleKey()
        const start = await store.changesPosition()
        const told: ChangeNotice[] = []
        store.onCommit((notices) => told.push(...notices))
        way.cutAtCommit('answer and way')
        await assert.rejects(
          store.change((change) => change.insertKey(key, [])),
          /connection was lost/,
        )
        assert.deepEqual(told, [{ kind: 'key', subject: ref(key) }], 'what may be in force is remembered no longer')
        way.open()
        const { notices } = await store.changesAfter(start)
        assert.deepEqual(notices, [{ kind: 'key', subject: ref(key) }])
      }))
  })

  test('while the server cannot be reached everything fails, and works again by itself', () =>
    withWay(async (store, way) => {
      const [before, after] = [exampleKey(), exampleKey()]
      await store.change((change) => change.insertKey(before, []))
      const position = await store.changesPosition()
      way.cut()
      await assert.rejects(store.changesAfter(position))
      await assert.rejects(async () => store.findKey(before))
      await assert.rejects(store.change((change) => change.insertKey(after, [])))
      way.open()
      assert.deepEqual((await store.changesAfter(position)).notices, [])
      assert.deepEqual(await store.findKey(before), before)
      await store.change((change) => change.insertKey(after, []))
      assert.equal((await store.findKey(after))?.keyId, after.keyId)
    }))

  test('a server that forgot all connections at once makes no call fail', () =>
    withWay(async (store, way) => {
      const keys = Array.from({ length: STORE_CONNECTIONS_MAX }, () => exampleKey())
      for (const key of keys) await store.change((change) => change.insertKey(key, []))
      const readAll = () => Promise.all(keys.map((key) => store.findKey(key)))
      await readAll()
      way.forget()
      assert.deepEqual(await store.findKey(keys[0]!), keys[0])
      way.forget()
      await store.change((change) => change.updateKey({ ...keys[0]!, enabled: false }))
      way.forget()
      assert.deepEqual((await readAll()).slice(1), keys.slice(1))
    }))

  test('a password that is changed in its file is used from then on', async () => {
    const folder = temporaryFolder('password')
    const passwordFile = join(folder.path, 'password')
    const write = (password: string) => writeFileSync(passwordFile, password, { mode: 0o600 })
    write(server.password)
    const { user, database } = await server.createDatabase()
    const address = `postgres://${user}@127.0.0.1:${server.port}/${database}`
    const store = await inPostgres({ address, passwordFile, machine: 'm' }, undefined).open('node', systemClock)
    const key = exampleKey()
    await store.change((change) => change.insertKey(key, []))
    const position = await store.changesPosition()
    try {
      await server.run(`ALTER ROLE ${user} PASSWORD 'another'`)
      await server.run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`)
      await assert.rejects(async () => store.findKey(key), /password/)
      write('another')
      assert.deepEqual(await store.findKey(key), key)
      assert.deepEqual((await store.changesAfter(position)).notices, [])
    } finally {
      await server.run(`ALTER ROLE ${user} PASSWORD '${server.password}'`)
      await store.close()
      folder.remove()
    }
  })

  test('a standby is not taken for the database, neither at the start nor after a failover', async () => {
    const login = await server.createDatabase()
    const key = exampleKey()
    const store = await openPostgresStore(login, systemClock)
    await store.change((change) => change.insertKey(key, []))
    const position = await store.changesPosition()
    const restartAs = async (isStandby: boolean) => {
      await server.stop('fast')
      server.becomeStandby(isStandby)
      await server.start()
    }
    await restartAs(true)
    await assert.rejects(openPostgresStore(login, systemClock), /standby.*Name the primary/)
    await assert.rejects(async () => store.findKey(key), /standby/)
    await assert.rejects(store.changesAfter(position), /recovery/)
    await restartAs(false)
    assert.deepEqual(await store.findKey(key), key)
    assert.deepEqual((await store.changesAfter(position)).notices, [])
    await store.close()
  })

  test('an error that a change swallows does not make the server roll back in silence', () =>
    withWay(async (store) => {
      const key = exampleKey()
      const swallowing = store.change(async (change) => {
        await change.insertKey(key, [])
        await change.insertKey(key, []).catch(() => {})
      })
      await assert.rejects(swallowing)
      assert.equal(await store.findKey(key), undefined)
    }))

  test('a node hears of changes of others, and misses none when the connection that listens is ended', async () => {
    const login = await server.createDatabase()
    const [one, two] = [await openPostgresStore(login, systemClock), await openPostgresStore(login, systemClock)]
    const start = await two.changesPosition()
    let { position } = await two.changesAfter(start)
    const key = exampleKey()
    const heard = Promise.withResolvers<void>()
    two.onForeignChange(heard.resolve)
    await one.change((change) => change.insertKey(key, []))
    await heard.promise
    await server.run(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${login.database}' AND pid <> pg_backend_pid()`,
    )
    const unheard = exampleKey()
    await one.change((change) => change.insertKey(unheard, []))
    const batch = await two.changesAfter(position)
    assert.deepEqual(
      batch.notices,
      [key, unheard].map((each) => ({ kind: 'key', subject: ref(each) })),
    )
    position = batch.position
    const again = Promise.withResolvers<void>()
    two.onForeignChange(again.resolve)
    await one.change((change) => change.updateKey(unheard))
    await again.promise
    await Promise.all([one.close(), two.close()])
  })

  test('an answer that is long on its way passes over no change that others made meanwhile', async () => {
    const login = await server.createDatabase()
    const other = await openPostgresStore(login, systemClock)
    const database = await openMigratedPostgres(login, systemClock)
    let onItsWay: Promise<void> | undefined
    const late = {
      ...database,
      async foreignCommits() {
        const answer = await database.foreignCommits()
        await onItsWay
        return answer
      },
    }
    const store = createSqlStore(late, database.session, systemClock)
    const { position } = await store.changesAfter(await store.changesPosition())
    const { promise, resolve: arrive } = Promise.withResolvers<void>()
    onItsWay = promise
    const looking = store.changesAfter(position)
    await sleep(50)
    const key = exampleKey()
    await other.change((change) => change.insertKey(key, []))
    await store.change((change) => change.insertKey(exampleKey(), []))
    arrive()
    const batch = await looking
    const { notices } = await store.changesAfter(batch.position)
    assert.deepEqual([...batch.notices!, ...notices!], [{ kind: 'key', subject: ref(key) }])
    await Promise.all([other.close(), store.close()])
  })

  describe('a standby that lacked the last changes and became the primary', () => {
    /** @param changes that others make afterwards. */
    async function afterFailover(changes: number): Promise<readonly ChangeNotice[] | undefined> {
      const login = await server.createDatabase()
      const [store, other] = [await openPostgresStore(login, systemClock), await openPostgresStore(login, systemClock)]
      await server.keepStandby()
      await other.change((change) => change.insertKey(exampleKey(), []))
      // Its own are lost as well.
      for (let round = 0; round < 5; round++) await store.change((change) => change.insertKey(exampleKey(), []))
      const { position, notices } = await store.changesAfter(await store.changesPosition())
      assert.deepEqual(notices, [])
      await server.failOver()
      // Sequences are logged ahead, so positions may not come again; those that were lost show no more in any case.
      await server.run('ALTER SEQUENCE changes_position_seq RESTART', login.database)
      for (let round = 0; round < changes; round++) await other.change((change) => change.insertKey(exampleKey(), []))
      const after = await store.changesAfter(position)
      assert.deepEqual(await store.changesAfter(after.position), { position: after.position, notices: [] })
      await Promise.all([store.close(), other.close()])
      return after.notices
    }

    test('makes a node trust nothing that it remembers', async () => assert.equal(await afterFailover(0), undefined))
    test('also where others have its positions by then', async () => assert.equal(await afterFailover(3), undefined))
  })

  test('a machine that stops in the midst of a change lets those go on who waited for it', async () => {
    const login = await server.createDatabase()
    const [stuck, other] = [await openPostgresStore(login, systemClock), await openPostgresStore(login, systemClock)]
    const [key, inside, resumed] = [exampleKey(), Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const lost = stuck.change(async (change) => {
      inside.resolve()
      // At work for a while, so that others have waited before it stops.
      for (let round = 0; round < 30; round++) {
        await change.findKey(key)
        await sleep(100)
      }
      await resumed.promise
      await change.insertKey(key, [])
    })
    await inside.promise
    await other.change((change) => change.insertKey(key, []))
    resumed.resolve()
    await assert.rejects(lost)
    assert.deepEqual(await stuck.findKey(key), key)
    await Promise.all([stuck.close(), other.close()])
  })

  test('a node that has a connection to another primary listens to the former no longer', () =>
    withWay(async (store, way) => {
      await server.keepStandby()
      const { position } = await store.changesAfter(await store.changesPosition())
      way.leadTo(await server.failOverBeside())
      // At work on the former one still, like the listener: more at once than there are connections needs a new one.
      await Promise.all(Array.from({ length: STORE_CONNECTIONS_MAX }, () => store.listAccounts()))
      const key = exampleKey()
      await store.change((change) => change.insertKey(key, []))
      assert.equal((await store.changesAfter(position)).notices, undefined)
      assert.deepEqual(await store.findKey(key), key)
    }))

  test('a server that crashes under load loses nothing acknowledged, and no change is made twice', async () => {
    const login = await server.createDatabase()
    const store = await openPostgresStore(login, systemClock)
    await store.change((change) => change.insertKey(COUNTER, []))
    let isOver = false
    const acknowledged: number[] = []
    let failures = 0
    const load = async () => {
      while (!isOver) {
        try {
          acknowledged.push(await count(store))
        } catch {
          failures++
          await sleep(20)
        }
      }
    }
    const loads = [load(), load(), load()]
    for (let crash = 0; crash < 3; crash++) {
      const goal = acknowledged.length + 20
      while (acknowledged.length < goal) await sleep(5)
      await server.stop('immediate')
      await server.start()
    }
    const goal = acknowledged.length + 20
    while (acknowledged.length < goal) await sleep(5)
    isOver = true
    await Promise.all(loads)
    const rounds = await assertWhole(store)
    assert.equal(new Set(acknowledged).size, acknowledged.length)
    assert.ok(acknowledged.every((round) => round <= rounds))
    assert.ok(
      rounds <= acknowledged.length + failures,
      `${rounds} rounds, ${acknowledged.length} acknowledged, ${failures} failed`,
    )
    await store.close()
  })

  test('processes that write at the same time follow each other, and one that is killed leaves nothing half done', async () => {
    const login = await server.createDatabase()
    const store = await openPostgresStore(login, systemClock)
    await store.change((change) => change.insertKey(COUNTER, []))
    const writers = ['a', 'b'].map((node) => startWriter(JSON.stringify(login), node, '40'))
    const victim = startWriter(JSON.stringify(login), 'victim', 'until killed')
    await victim.hasSaid(10)
    victim.process.kill('SIGKILL')
    await victim.ended
    for (const writer of writers) assert.equal(await writer.ended, 0, writer.complaints())
    const rounds = await assertWhole(store)
    const said = [...writers, victim].flatMap((writer) => writer.said.map(Number))
    assert.equal(new Set(said).size, said.length, 'two processes were given the same number')
    assert.ok(rounds === said.length || rounds === said.length + 1, `${said.length} said, ${rounds} found`)
    const stuck = startWriter(JSON.stringify(login), 'stuck', 'stop inside')
    await stuck.hasSaid(1)
    stuck.process.kill('SIGKILL')
    await once(stuck.process, 'close')
    await store.change((change) => change.updateKey({ ...COUNTER, enabled: false }))
    await store.close()
  })
})

async function count(store: Store): Promise<number> {
  return store.change(async (change) => {
    const key = (await change.findKey(COUNTER))!
    const round = Number(key.description) + 1
    const { account, region, keyId } = key
    await change.updateKey({ ...key, description: String(round) })
    await change.insertAlias({ account, region, aliasName: `alias/${round}`, keyId, createdAt: 0, updatedAt: 0 })
    await change.recordAudit({ eventId: String(round), node: 'n', line: '{}' })
    return round
  })
}
