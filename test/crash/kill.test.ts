/**
 * Twenty times: a server under concurrent changes and encryptions is killed with SIGKILL and started again. Whatever it had
 * answered must still be true, and must be in the audit log; the log must verify.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import * as kms from '@aws-sdk/client-kms'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { childrenOf, MAIN, readCredentials, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const KILLS = 20
const CLIENTS = 8

/** What the clients were told. */
interface Acknowledged {
  /** Key id → descriptions in the order sent; the last `acknowledged` ones may be followed by one that was in flight. */
  readonly descriptions: Map<string, { acknowledged: string; inFlight: string | undefined }>
  /** Alias name → key id. */
  readonly aliases: Map<string, string>
  readonly ciphertexts: { readonly blob: Uint8Array; readonly plaintext: string }[]
  readonly requestIds: Set<string>
}

function clientOf(endpoint: string, folder: string): kms.KMSClient {
  return new kms.KMSClient({
    endpoint,
    region: 'eu-west-1',
    credentials: readCredentials(folder),
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ requestTimeout: 20_000 }),
  })
}

async function workload(
  client: kms.KMSClient,
  name: string,
  told: Acknowledged,
  stopped: () => boolean,
): Promise<void> {
  const note = <T extends { $metadata: { requestId?: string | undefined } }>(output: T): T => {
    told.requestIds.add(output.$metadata.requestId!)
    return output
  }
  for (let count = 0; !stopped(); count++) {
    const created = note(await client.send(new kms.CreateKeyCommand({ Description: 'new' })))
    const KeyId = created.KeyMetadata!.KeyId!
    const description = { acknowledged: 'new', inFlight: undefined as string | undefined }
    told.descriptions.set(KeyId, description)
    const AliasName = `alias/${name}-${count}`
    note(await client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: KeyId })))
    told.aliases.set(AliasName, KeyId)
    for (let round = 0; round < 5 && !stopped(); round++) {
      const plaintext = `${name} ${count} ${round}`
      const { CiphertextBlob } = note(
        await client.send(new kms.EncryptCommand({ KeyId: AliasName, Plaintext: Buffer.from(plaintext) })),
      )
      told.ciphertexts.push({ blob: CiphertextBlob!, plaintext })
      description.inFlight = plaintext
      note(await client.send(new kms.UpdateKeyDescriptionCommand({ KeyId, Description: plaintext })))
      description.acknowledged = plaintext
      description.inFlight = undefined
    }
  }
}

/** Ends when the killed server breaks the connections; anything else that fails is a finding. */
async function untilKilled(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    const { code, name } = error as { code?: string; name?: string }
    const broken = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(code ?? '') || name === 'TimeoutError'
    if (!broken) throw error
  }
}

async function assertAllTrue(client: kms.KMSClient, told: Acknowledged): Promise<void> {
  for (const [KeyId, { acknowledged, inFlight }] of told.descriptions) {
    const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId }))
    const found = KeyMetadata!.Description
    assert.ok(found === acknowledged || found === inFlight, `description of ${KeyId}: ${found}, told ${acknowledged}`)
  }
  for (const [AliasName, keyId] of told.aliases) {
    const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId: AliasName }))
    assert.equal(KeyMetadata!.KeyId, keyId)
  }
  for (const { blob, plaintext } of told.ciphertexts) {
    const { Plaintext } = await client.send(new kms.DecryptCommand({ CiphertextBlob: blob }))
    assert.equal(Buffer.from(Plaintext!).toString(), plaintext)
  }
}

function keyhold(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', maxBuffer: 1 << 30 })
}

function isAlive(pid: number): boolean {
  // A zombie still answers to signal 0 until it is reaped.
  if (existsSync(`/proc/${pid}/stat`)) return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return false
}

test(`${KILLS} kills under load lose nothing that was answered`, { timeout: 600_000 }, async () => {
  const folder = temporaryFolder('kill')
  const everTold: Acknowledged = { descriptions: new Map(), aliases: new Map(), ciphertexts: [], requestIds: new Set() }
  const args = ['start', '--port', '0', '--workers', '2', '--data', folder.path]
  let server = await startKeyholdProcess(args)
  for (let kill = 0; kill < KILLS; kill++) {
    const told: Acknowledged = { ...everTold, descriptions: new Map(), aliases: new Map(), ciphertexts: [] }
    let stopped = false
    const clients = Array.from({ length: CLIENTS }, () => clientOf(server.endpoint, folder.path))
    const work = clients.map((client, index) => untilKilled(workload(client, `${kill}-${index}`, told, () => stopped)))
    // Killed at any instant, but not before there is something to lose: a busy machine starts slowly.
    for (let tries = 0; told.ciphertexts.length === 0 && tries < 400; tries++) await wait(50)
    await wait(randomInt(20, 400))
    const workers = childrenOf(server.pid)
    // Every other time only the first process dies: its workers must not go on without it.
    if (kill % 2 === 0) for (const pid of workers) process.kill(pid, 'SIGKILL')
    await server.end('SIGKILL')
    stopped = true
    await Promise.all(work)
    for (const client of clients) client.destroy()
    for (let tries = 0; workers.some(isAlive); tries++) {
      assert.ok(tries < 100, 'workers outlive the first process')
      await wait(50)
    }
    assert.ok(told.ciphertexts.length > 0, 'the load reached the server')

    // Looked at, and then the next to be killed: no process before that one ended in order.
    server = await startKeyholdProcess(args)
    const client = clientOf(server.endpoint, folder.path)
    await assertAllTrue(client, told)
    client.destroy()
    for (const [name, keyId] of told.aliases) everTold.aliases.set(name, keyId)
  }

  const client = clientOf(server.endpoint, folder.path)
  const keyArns: string[] = []
  for await (const page of kms.paginateListKeys({ client }, {})) keyArns.push(...page.Keys!.map((key) => key.KeyArn!))
  client.destroy()
  assert.equal(await server.end(), 0)
  const verified = keyhold('audit', 'verify', '--data', folder.path)
  assert.equal(verified.status, 0, verified.stdout + verified.stderr)
  const shown = keyhold('audit', 'show', '--data', folder.path)
  const records = shown.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const recorded = new Map(records.map((record) => [record.requestID, record]))
  const missing = [...everTold.requestIds].filter((requestId) => !recorded.has(requestId))
  assert.deepEqual(missing, [], `${missing.length} of ${everTold.requestIds.size} answered calls have no record`)
  const eventIds = records.map((record) => record.eventID)
  assert.equal(new Set(eventIds).size, eventIds.length, 'no record is written twice')

  // Every key that exists has its CreateKey record: no change without one.
  const created = new Set(
    records.filter((record) => record.eventName === 'CreateKey').map((record) => record.resources[0].ARN),
  )
  const unrecorded = keyArns.filter((arn) => !created.has(arn))
  assert.deepEqual(unrecorded, [], 'keys without a CreateKey record')
  assert.ok(keyArns.length > KILLS)
  const strays = readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /tmp|temp/i.test(join(name)),
  )
  assert.deepEqual(strays, [], 'temporary files are gone')
  folder.remove()
})
