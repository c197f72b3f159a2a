/** A session that an operator revokes at a running server ends on all of its workers within a second, for all services. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts'
import { MAIN, readCredentials, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const TIMEOUT = { timeout: 120_000 }
/** design.md section 3: in force on every node within a second. */
const IN_FORCE_MS = 1_000
const TRIES = 8

test('a revoked session ends on every worker, and the audit log says who did it', TIMEOUT, async (context) => {
  const folder = temporaryFolder('sessions')
  context.after(() => folder.remove())
  const data = join(folder.path, 'data')
  const server = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', data])
  context.after(() => server.end('SIGKILL'))
  const keyhold = (...args: string[]) => {
    const run = spawnSync(process.execPath, [MAIN, ...args, '--data', data], { encoding: 'utf8', timeout: 60_000 })
    assert.equal(run.status, 0, run.stderr)
    return run.stdout
  }
  const settings = { endpoint: server.endpoint, region: 'eu-central-1', maxAttempts: 1 }
  const administrator = new STSClient({ ...settings, credentials: readCredentials(data) })
  context.after(() => administrator.destroy())
  const newSession = async () => {
    const { Credentials } = await administrator.send(new GetSessionTokenCommand({}))
    const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!
    const credentials = { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! }
    const kms = new KMSClient({ ...settings, credentials })
    const sts = new STSClient({ ...settings, credentials })
    context.after(() => [kms, sts].map((client) => client.destroy()))
    return { kms, sts, accessKeyId: AccessKeyId! }
  }
  const [stolen, kept] = [await newSession(), await newSession()]
  // Every worker has both at hand.
  for (let time = 0; time < TRIES; time++) {
    for (const { kms } of [stolen, kept]) await kms.send(new ListKeysCommand({}))
  }

  keyhold('session', 'revoke', stolen.accessKeyId)
  await wait(IN_FORCE_MS)
  for (let time = 0; time < TRIES; time++) {
    await assert.rejects(stolen.kms.send(new ListKeysCommand({})), {
      name: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    })
    await kept.kms.send(new ListKeysCommand({}))
  }
  // STS names it otherwise (authorization.md 5.4).
  await assert.rejects(stolen.sts.send(new GetCallerIdentityCommand({})), { name: 'InvalidClientTokenId' })
  assert.match(keyhold('session', 'list'), new RegExp(`^${stolen.accessKeyId}  \\d{12}  revoked .*Z  until .*Z\n$`))
  assert.equal(keyhold('session', 'revoke', stolen.accessKeyId), `${stolen.accessKeyId} was revoked before\n`)

  await server.end('SIGTERM')
  const records = keyhold('audit', 'show').trimEnd().split('\n')
  const deeds = records.map((line) => JSON.parse(line)).filter(({ eventName }) => eventName === 'RevokeSession')
  assert.equal(deeds.length, 1)
  const [{ eventSource, eventType, sourceIPAddress, serviceEventDetails, readOnly }] = deeds
  assert.deepEqual(
    { eventSource, eventType, sourceIPAddress, readOnly },
    {
      eventSource: 'sts.amazonaws.com',
      eventType: 'AwsServiceEvent',
      sourceIPAddress: 'AWS Internal',
      readOnly: false,
    },
  )
  assert.equal(serviceEventDetails.accessKeyId, stolen.accessKeyId)
  assert.match(serviceEventDetails.operator, /\(\d+\)$/)
  assert.match(keyhold('audit', 'verify'), /The audit log is intact/)
})
