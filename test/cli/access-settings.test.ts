/** Settings of access control reach every worker of a server: the guard policy and what refused callers are told, and whose word on clients counts. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  KMSClient,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { readCredentials, runKeyhold, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const TIMEOUT = { timeout: 120_000 }
const TRIES = 8

test('a server judges by its guard policy, names what denied, and warns of open keys', TIMEOUT, async (context) => {
  const folder = temporaryFolder('access-settings')
  context.after(() => folder.remove())
  const data = join(folder.path, 'data')
  const guard = join(folder.path, 'guard.json')
  const Statement = [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    { Sid: 'Keep', Effect: 'Deny', Action: 'kms:ScheduleKeyDeletion', Resource: '*' },
  ]
  writeFileSync(guard, JSON.stringify({ Version: '2012-10-17', Statement }))
  const config = join(folder.path, 'keyhold.yaml')
  writeFileSync(config, 'guard-policy: guard.json\nverbose-denials: true\ntrusted-proxies: 127.0.0.1, ::1\n')
  const args = ['start', '--port', '0', '--workers', '2', '--data', data, '--config', config]
  const server = await startKeyholdProcess(args)
  context.after(() => server.end('SIGKILL'))
  const credentials = readCredentials(data)
  const client = new KMSClient({ endpoint: server.endpoint, region: 'eu-central-1', maxAttempts: 1, credentials })
  context.after(() => client.destroy())
  client.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: object }).headers, { 'x-forwarded-for': '198.51.100.7' })
      return next(args)
    },
    { step: 'finalizeRequest', priority: 'low' },
  )
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
  const KeyId = KeyMetadata!.Arn!
  for (let time = 0; time < TRIES; time++) {
    await assert.rejects(client.send(new ScheduleKeyDeletionCommand({ KeyId })), {
      name: 'AccessDeniedException',
      message: /with an explicit deny in a service control policy: guard-policy, statement 2 \(Sid "Keep"\)$/,
    })
    await client.send(new DescribeKeyCommand({ KeyId }))
  }
  const [, , , , account] = KeyId.split(':')
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [account, '*'].map((AWS) => ({ Effect: 'Allow', Principal: { AWS }, Action: 'kms:*', Resource: '*' })),
  })
  await client.send(new PutKeyPolicyCommand({ KeyId, Policy }))
  await server.end('SIGTERM')
  const lines = server
    .output()
    .split('\n')
    .filter((line) => line.includes('allows everybody'))
  assert.equal(lines.length, 1)
  const { level, key, statements } = JSON.parse(lines[0]!)
  assert.deepEqual({ level, key, statements }, { level: 'warn', key: KeyId, statements: [2] })
  const { stdout } = runKeyhold(['audit', 'show', '--data', data])
  const records = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const calls = records.filter(({ eventType }) => eventType === 'AwsApiCall')
  assert.ok(calls.length > TRIES)
  assert.ok(calls.every(({ sourceIPAddress }) => sourceIPAddress === '198.51.100.7'))
})
