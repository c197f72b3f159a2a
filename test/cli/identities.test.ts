/** An operator at a running server: what the commands change is in force on its workers, and in the audit log. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  KMSClient,
  ListKeysCommand,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms'
import { MAIN, readCredentials, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const TIMEOUT = { timeout: 180_000 }
/** design.md section 3: in force on every node within a second. */
const IN_FORCE_MS = 1_000

function keyhold(...args: string[]): {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
} {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 60_000 })
  return { status, stdout, stderr }
}

/** @returns standard output. */
function succeed(...args: string[]): string {
  const { status, stdout, stderr } = keyhold(...args)
  assert.equal(status, 0, `keyhold ${args.join(' ')}: ${stderr}`)
  return stdout
}

function credentialsIn(path: string) {
  const text = readFileSync(path, 'utf8')
  const value = (name: string) => new RegExp(`^${name} = (.+)$`, 'm').exec(text)![1]!
  return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') }
}

test('commands of an operator are in force on the workers of a running server', TIMEOUT, async (context) => {
  const folder = temporaryFolder('identities')
  context.after(() => folder.remove())
  const data = join(folder.path, 'data')
  const server = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', data])
  context.after(() => server.end('SIGKILL'))
  const clientOf = (credentials: { accessKeyId: string; secretAccessKey: string }) => {
    const client = new KMSClient({ endpoint: server.endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 })
    context.after(() => client.destroy())
    return client
  }
  const file = join(folder.path, 'alice')
  succeed('user', 'create', 'alice', '--policy', 'ReadOnlyAccess', '--access-key', '--output', file, '--data', data)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  const credentials = credentialsIn(file)
  const alice = clientOf(credentials)
  assert.deepEqual((await alice.send(new ListKeysCommand({}))).Keys, [])
  await assert.rejects(alice.send(new CreateKeyCommand({})), { name: 'AccessDeniedException' })

  succeed('policy', 'attach', 'AWSKeyManagementServicePowerUser', '--user', 'alice', '--data', data)
  await wait(IN_FORCE_MS)
  const { KeyMetadata } = await alice.send(new CreateKeyCommand({}))

  succeed('access-key', 'disable', credentials.accessKeyId, '--data', data)
  await wait(IN_FORCE_MS)
  for (let time = 0; time < 8; time++) {
    await assert.rejects(alice.send(new ListKeysCommand({})), { name: 'UnrecognizedClientException' })
  }
  succeed('access-key', 'enable', credentials.accessKeyId, '--data', data)
  await wait(IN_FORCE_MS)
  assert.equal((await alice.send(new ListKeysCommand({}))).Keys!.length, 1)

  const administrator = clientOf(readCredentials(data))
  const KeyId = KeyMetadata!.KeyId!
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: '*', Action: 'kms:*', Resource: '*' }],
  })
  await administrator.send(new PutKeyPolicyCommand({ KeyId, Policy, BypassPolicyLockoutSafetyCheck: true }))
  await assert.rejects(administrator.send(new DescribeKeyCommand({ KeyId })), { name: 'AccessDeniedException' })
  succeed('key', 'reset-policy', KeyMetadata!.Arn!, '--data', data)
  await wait(IN_FORCE_MS)
  assert.equal((await administrator.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyId, KeyId)

  await server.end('SIGTERM')
  const records = succeed('audit', 'show', '--data', data)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const deeds = records.filter(({ userAgent }) => String(userAgent).startsWith('keyhold-cli/'))
  assert.deepEqual(
    deeds.filter(({ readOnly }) => !readOnly).map(({ eventName }) => eventName),
    [
      'CreateUser',
      'AttachUserPolicy',
      'CreateAccessKey',
      'AttachUserPolicy',
      'UpdateAccessKey',
      'UpdateAccessKey',
      'ResetKeyPolicy',
    ],
  )
  for (const { sourceIPAddress, userAgent } of deeds) {
    assert.equal(sourceIPAddress, 'AWS Internal')
    assert.match(userAgent, /\(operator .*\(\d+\)\)$/)
  }
  const reset = deeds.at(-1)
  assert.equal(reset.eventType, 'AwsServiceEvent')
  assert.equal(reset.resources[0].ARN, KeyMetadata!.Arn)
  assert.deepEqual(JSON.parse(reset.serviceEventDetails.previousPolicy), JSON.parse(Policy))
  assert.ok(!JSON.stringify(records).includes(credentials.secretAccessKey), 'a secret is in the audit log')
  assert.match(succeed('audit', 'verify', '--data', data), /The audit log is intact/)

  // Without a server the same folder takes the same commands.
  succeed('access-key', 'delete', credentials.accessKeyId, '--data', data)
  assert.equal(succeed('access-key', 'list', 'alice', '--data', data), '')
})

test('a reader that goes away ends no command halfway through its work', TIMEOUT, async (context) => {
  const folder = temporaryFolder('unread')
  context.after(() => folder.remove())
  const data = join(folder.path, 'data')
  const server = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', data])
  await server.end('SIGTERM')
  const unread = (...args: string[]) => {
    const script = '"$@" | :'
    return spawnSync('sh', ['-c', script, 'sh', process.execPath, MAIN, ...args, '--data', data], { encoding: 'utf8' })
  }
  const file = join(folder.path, 'alice')
  assert.equal(unread('user', 'create', 'alice', '--access-key', '--output', file).stderr, '')
  assert.ok(credentialsIn(file).secretAccessKey, 'after the ARN, which nobody read, the access key was made')
  assert.equal(unread('audit', 'show').stderr, '')
  const log = succeed('audit', 'verify', '--data', data)
  assert.match(log, /operator-\d+ .* closed$/m)
  assert.doesNotMatch(log, /has no close record/)
})
