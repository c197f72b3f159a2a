/** Two machines over one PostgreSQL database: data folders of their own, the SDK as their client (design.md section 3). */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as kms from '@aws-sdk/client-kms'
import { systemClock } from '../../src/base/clock.ts'
import { openPostgresStore, type PostgresLogin } from '../../src/store/postgres-store.ts'
import {
  type KeyholdProcess,
  MAIN,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'
import { type PostgresServer, postgresMissing, startPostgres } from '../support/postgres.ts'

/** design.md section 3: in force on every node within a second. */
const IN_FORCE_MS = 1_000
/** design.md section 3: a node that cannot reach the store for longer stops answering. */
const STALENESS_MS = 10_000

describe('two machines', { skip: postgresMissing, timeout: 300_000 }, () => {
  const folders = [temporaryFolder('machine'), temporaryFolder('machine')]
  const data = folders.map(({ path }) => join(path, 'data'))
  const machines: KeyholdProcess[] = []
  const clients: kms.KMSClient[] = []
  let server: PostgresServer
  let login: PostgresLogin
  let store: string

  const keyhold = (machine: number, ...args: string[]) =>
    spawnSync(process.execPath, [MAIN, ...args, '--data', data[machine]!], { encoding: 'utf8', timeout: 60_000 })

  const start = (machine: number, ...args: string[]) =>
    startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', data[machine]!, ...args])

  const clientOf = (machine: number, first: number) =>
    new kms.KMSClient({
      endpoint: machines[machine]!.endpoint,
      region: 'eu-central-1',
      credentials: readCredentials(data[first]!),
      maxAttempts: 1,
    })

  /** Which machine made the administrator. */
  let first = 0

  async function restart(machine: number): Promise<void> {
    machines[machine] = await start(machine)
    clients[machine]?.destroy()
    clients[machine] = clientOf(machine, first)
  }

  before(async () => {
    server = await startPostgres()
    login = await server.createDatabase()
    store = `postgres://${login.user}@/${login.database}?host=${server.folder}&port=${server.port}`
  })
  after(async () => {
    for (const client of clients) client.destroy()
    await Promise.all(machines.map((machine) => machine.end('SIGKILL')))
    await server.remove()
    for (const folder of folders) folder.remove()
  })

  const createKey = async (machine: number) => {
    const { KeyMetadata } = await clients[machine]!.send(new kms.CreateKeyCommand({}))
    return KeyMetadata!.KeyId!
  }
  const encrypt = (machine: number, KeyId: string) =>
    clients[machine]!.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('a') }))

  test('that start for the first time at once: one makes the administrator, the other says what to copy', async () => {
    const outcomes = await Promise.allSettled([0, 1].map((machine) => start(machine, '--store', store)))
    first = outcomes.findIndex(({ status }) => status === 'fulfilled')
    const second = 1 - first
    const [won, lost] = [outcomes[first]!, outcomes[second]!]
    assert.ok(won.status === 'fulfilled' && lost.status === 'rejected', 'not one of the two was the first')
    machines[first] = won.value
    const complaint = (lost.reason as Error).message
    assert.match(
      complaint,
      /there is no root key in .*copy its files root-key… from the data folder of a machine that runs on this store/s,
    )
    assert.equal(existsSync(join(data[second]!, 'root-key')), false)
    assert.equal(existsSync(join(data[second]!, 'credentials')), false)
    assert.equal((await server.run('SELECT * FROM accounts', login.database)).length, 1)
    copyFileSync(join(data[first]!, 'root-key'), join(data[second]!, 'root-key'))
    clients[first] = clientOf(first, first)
    await restart(second)
  })

  test('a key made on one works on the other, which refuses it within a second of its being disabled', async () => {
    const KeyId = await createKey(0)
    for (let round = 0; round < 8; round++) await encrypt(1, KeyId)
    await clients[0]!.send(new kms.DisableKeyCommand({ KeyId }))
    await sleep(IN_FORCE_MS)
    for (let round = 0; round < 8; round++) await assert.rejects(encrypt(1, KeyId), { name: 'DisabledException' })
    await clients[1]!.send(new kms.EnableKeyCommand({ KeyId }))
    await sleep(IN_FORCE_MS)
    for (let round = 0; round < 8; round++) await encrypt(0, KeyId)
  })

  test("an operator's command on one machine counts on the other, and nothing has to be told it of the database", async () => {
    const { stdout: made } = keyhold(
      0,
      'user',
      'create',
      'alice',
      '--policy',
      'AdministratorAccess',
      '--access-key',
      '--print',
    )
    const [, accessKeyId, secretAccessKey] = /aws_access_key_id = (\S+)\naws_secret_access_key = (\S+)/.exec(made)!
    const alice = new kms.KMSClient({
      endpoint: machines[1]!.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: accessKeyId!, secretAccessKey: secretAccessKey! },
      maxAttempts: 1,
    })
    await alice.send(new kms.ListKeysCommand({}))
    assert.equal(keyhold(0, 'access-key', 'disable', accessKeyId!).status, 0)
    await sleep(IN_FORCE_MS)
    await assert.rejects(alice.send(new kms.ListKeysCommand({})))
    alice.destroy()
    const names = (machine: number) => keyhold(machine, 'user', 'list').stdout.match(/^\S+/gm)
    assert.deepEqual(names(0), ['administrator', 'alice'])
    assert.deepEqual(names(1), ['administrator', 'alice'])
  })

  test('a root key that is changed on one machine: the other serves on, and starts with its file alone', async () => {
    const KeyId = await createKey(0)
    const { stdout, stderr } = keyhold(0, 'root-key', 'change', '--to', 'file')
    const [file] = /root-key-[0-9a-f]{32}/.exec(stdout) ?? assert.fail(stderr)
    for (let round = 0; round < 8; round++) await encrypt(1, KeyId)
    await encrypt(0, await createKey(1))
    assert.equal(await machines[1]!.end(), 0)
    await assert.rejects(start(1), /is not the one that the store .* is under.*copy its files root-key…/s)
    copyFileSync(join(data[0]!, file), join(data[1]!, file))
    await restart(1)
    await encrypt(1, KeyId)
    const shown = [0, 1].map((machine) => JSON.parse(keyhold(machine, 'root-key', 'show', '--json').stdout))
    assert.ok(file.endsWith(shown[0].id))
    assert.equal(shown[1].id, shown[0].id)
  })

  test('commands that only read do so from the database', async () => {
    const KeyId = await createKey(0)
    const report = keyhold(1, 'key', 'report', KeyId, '--region', 'eu-central-1')
    assert.match(report.stdout, new RegExp(`key/${KeyId}`), report.stderr)
    assert.match(keyhold(1, 'alarm', 'list').stdout, /no key that is pending deletion/)
  })

  test('audit records of a machine that does not come back are logged by another', async () => {
    const eventId = '11111111-2222-4333-8444-555555555555'
    const line = JSON.stringify({ eventID: eventId, eventTime: '2026-01-01T00:00:00Z' })
    const lost = await openPostgresStore(login, systemClock)
    await lost.change((change) => change.recordAudit({ eventId, node: 'lost-00000000/worker-1', line }))
    while ((await lost.pendingAuditRecords()).some((record) => record.eventId === eventId)) await sleep(200)
    await lost.close()
    const logs = [0, 1].map((machine) => keyhold(machine, 'audit', 'show').stdout)
    assert.equal(logs.filter((log) => log.includes(eventId)).length, 1)
  })

  test('a machine that is killed under load loses nothing that it acknowledged', async () => {
    const told: { keyId: string; requestId: string }[] = []
    const load = async () => {
      for (;;) {
        const { KeyMetadata, $metadata } = await clients[1]!.send(new kms.CreateKeyCommand({}))
        told.push({ keyId: KeyMetadata!.KeyId!, requestId: $metadata.requestId! })
      }
    }
    const loads = Promise.allSettled([load(), load(), load()])
    while (told.length < 30) await sleep(5)
    await machines[1]!.end('SIGKILL')
    await loads
    for (const { keyId } of told) await clients[0]!.send(new kms.DescribeKeyCommand({ KeyId: keyId }))
    await restart(1)
    const log = keyhold(1, 'audit', 'show').stdout
    for (const { requestId } of told) assert.ok(log.includes(requestId), 'a change has no audit record')
    assert.equal(keyhold(1, 'audit', 'verify').status, 0)
  })

  test('a database that crashes under load: requests fail or are kept, and all goes on by itself', async () => {
    const told: string[] = []
    const failures = new Set<string>()
    let isOver = false
    const load = async (machine: number) => {
      while (!isOver) {
        try {
          told.push(await createKey(machine))
        } catch (error) {
          failures.add((error as Error).name)
          await sleep(20)
        }
      }
    }
    const loads = [load(0), load(1), load(0), load(1)]
    for (let crash = 0; crash < 2; crash++) {
      const goal = told.length + 20
      while (told.length < goal) await sleep(5)
      await server.stop('immediate')
      await server.start()
    }
    const goal = told.length + 20
    while (told.length < goal) await sleep(5)
    isOver = true
    await Promise.all(loads)
    assert.ok(
      [...failures].every((name) => name === 'KMSInternalException'),
      [...failures].join(),
    )
    assert.equal(new Set(told).size, told.length)
    for (const [index, KeyId] of told.entries()) {
      await clients[index % 2]!.send(new kms.DescribeKeyCommand({ KeyId }))
    }
  })

  test('machines that cannot reach the database stop answering, also from what they remember, and go on when they can', async () => {
    const KeyId = await createKey(0)
    await encrypt(0, KeyId)
    const health = async () => (await fetch(`${machines[0]!.endpoint}/health`)).status
    await server.stop('fast')
    await sleep(STALENESS_MS + IN_FORCE_MS)
    await assert.rejects(encrypt(0, KeyId), { name: 'KMSInternalException' })
    const statusWithout = await health()
    await server.start()
    await sleep(IN_FORCE_MS)
    await encrypt(0, KeyId)
    assert.deepEqual([statusWithout >= 500, await health()], [true, 200])
  })

  test('a folder remembers its store: without the setting there is no second one, and with a wrong root key none at all', async () => {
    await machines[1]!.end()
    await restart(1)
    assert.equal(existsSync(join(data[1]!, 'keyhold.db')), false)
    const remembered = readFileSync(join(data[1]!, 'store.json'), 'utf8')
    assert.ok(remembered.includes(store))
    await machines[1]!.end()
    const other = temporaryFolder('other-machine')
    const elsewhere = join(other.path, 'data')
    const made = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', elsewhere])
    await made.end()
    const { file } = JSON.parse(keyhold(1, 'root-key', 'show', '--json').stdout)
    copyFileSync(join(elsewhere, 'root-key'), file)
    const refused = keyhold(1, 'start', '--port', '0')
    assert.equal(refused.status, 1)
    assert.match(refused.stderr, /is not the one that the store .* is under\n.*copy its files root-key…/)
    const development = keyhold(1, 'dev', '--port', '0')
    assert.match(development.stderr, /belongs to a server over/)
    const inFile = spawnSync(process.execPath, [MAIN, 'start', '--port', '0', '--data', elsewhere, '--store', store], {
      encoding: 'utf8',
    })
    assert.equal(inFile.status, 2)
    assert.match(inFile.stderr, /keeps its store in the file .*keyhold store move/s)
    other.remove()
  })
})
