/** Services as an operator makes them and as programs in Python use them (docs/services.md). */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import {
  type Credentials,
  type KeyholdProcess,
  readCredentials,
  runKeyhold,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const REGION = 'eu-central-1'
const SERVICE = 's3.amazonaws.com'
const hasBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0

const folder = temporaryFolder('services')
let keyhold: KeyholdProcess
let credentials: Credentials
let account: string

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', folder.path])
  credentials = readCredentials(folder.path)
  const sts = new STSClient(settings(credentials))
  account = (await sts.send(new GetCallerIdentityCommand({}))).Account!
  sts.destroy()
})
after(async () => {
  await keyhold?.end()
  folder.remove()
})

const settings = (own: Credentials) => ({
  endpoint: keyhold.endpoint,
  region: REGION,
  credentials: own,
  maxAttempts: 1,
})

function succeed(...args: string[]): string {
  const { status, stdout, stderr } = runKeyhold([...args, '--data', folder.path])
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  return stdout
}

function fail(...args: string[]): string {
  const { status, stderr } = runKeyhold([...args, '--data', folder.path])
  assert.notEqual(status, 0)
  return stderr
}

function accessKeyIn(printed: string): Credentials {
  const value = (name: string) => new RegExp(`^${name} = (\\S+)$`, 'm').exec(printed)![1]!
  return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') }
}

test('boto3: an AWS managed key through its service, a key whose policy names the service', {
  skip: hasBoto3 ? false : 'boto3 is not installed here',
}, () => {
  const own = accessKeyIn(succeed('service', 'create', SERVICE, '--print'))
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_DEFAULT_REGION: REGION,
    AWS_ENDPOINT_URL: keyhold.endpoint,
    SERVICE_ID: own.accessKeyId,
    SERVICE_SECRET: own.secretAccessKey,
    ACCOUNT: account,
  }
  const script = join(import.meta.dirname, 'services-client.py')
  const { status, stdout, stderr } = spawnSync('python3', [script], { encoding: 'utf8', env })
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, /^(\d+) checks passed$/m)

  const shown = runKeyhold(['audit', 'show', '--data', folder.path]).stdout.trim().split('\n')
  const records = shown.map((line) => JSON.parse(line))
  const isBy = (type: string) =>
    records.filter(({ userIdentity }) => userIdentity.type === type && userIdentity.invokedBy === SERVICE)
  assert.equal(isBy('IAMUser').length, 2)
  const refusal = isBy('AWSService').find(({ errorCode, eventName }) => errorCode && eventName === 'GenerateDataKey')
  const explained = succeed('explain', refusal.requestID)
  assert.match(explained, /s3\.amazonaws\.com called GenerateDataKey/)
  assert.match(explained, /would allow it if its conditions held: StringEquals aws:SourceAccount/)
})

test('an operator makes a service, changes its access keys, and deletes it: in force on all workers at once', async () => {
  const name = 'billing.example.com'
  const printed = succeed('service', 'create', name)
  const path = join(folder.path, `credentials-${name}`)
  assert.match(printed, /access key of billing\.example\.com written to/)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const first = accessKeyIn(readFileSync(path, 'utf8'))
  const isLetIn = async (own: Credentials) => {
    const client = new STSClient(settings(own))
    try {
      return (await client.send(new GetCallerIdentityCommand({}))).Arn === name
    } catch (error) {
      assert.equal((error as Error).name, 'InvalidClientTokenId')
      return false
    } finally {
      client.destroy()
    }
  }
  assert.equal(await isLetIn(first), true)
  const second = accessKeyIn(succeed('service', 'access-key', name, '--print'))
  assert.match(fail('service', 'access-key', name, '--print'), /has 2 access keys already/)
  assert.equal(await isLetIn(second), true)
  const list = succeed('service', 'list')
  for (const { accessKeyId } of [first, second]) assert.match(list, new RegExp(`${name} +${accessKeyId} +Active`))

  const within = async (own: Credentials, expected: boolean) => {
    // Workers learn of it within a second (design.md section 3); both are asked.
    const deadline = Date.now() + 5_000
    for (let inRow = 0; inRow < 4; ) {
      inRow = (await isLetIn(own)) === expected ? inRow + 1 : 0
      assert.ok(Date.now() < deadline, 'not in force')
    }
  }
  succeed('access-key', 'disable', first.accessKeyId)
  await within(first, false)
  succeed('access-key', 'enable', first.accessKeyId)
  await within(first, true)
  succeed('access-key', 'delete', first.accessKeyId)
  await within(first, false)
  succeed('service', 'delete', name)
  await within(second, false)
  assert.match(fail('service', 'delete', name), /there is no service billing\.example\.com/)

  const events = runKeyhold(['audit', 'show', '--data', folder.path]).stdout
  for (const event of [
    'CreateService',
    'CreateServiceAccessKey',
    'UpdateServiceAccessKey',
    'DeleteServiceAccessKey',
    'DeleteService',
  ]) {
    assert.match(events, new RegExp(`"eventName":"${event}".*"service":"billing\\.example\\.com"`))
  }
  assert.ok(!events.includes(first.secretAccessKey))
})

test('names that are none, and one that is taken', () => {
  for (const name of ['billing', 'Billing.example.com', 'a b.c', '111122223333']) {
    assert.match(fail('service', 'create', name), /is no name of a service/)
  }
  succeed('service', 'create', 'taken.example.com', '--print')
  assert.match(
    fail('service', 'create', 'taken.example.com', '--print'),
    /there is a service taken\.example\.com already/,
  )
})

test('simulate: what a service may do, and what a user may through it', async () => {
  const client = new kms.KMSClient(settings(credentials))
  const Statement = [
    { Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' },
    { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'kms:Decrypt', Resource: '*' },
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 'kms:Encrypt',
      Resource: '*',
      Condition: { StringNotEquals: { 'kms:ViaService': `ec2.${REGION}.amazonaws.com` } },
    },
  ]
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
  const { KeyMetadata } = await client.send(new kms.CreateKeyCommand({ Policy }))
  const { Arn } = await new STSClient(settings(credentials)).send(new GetCallerIdentityCommand({}))
  client.destroy()
  const simulate = (principal: string, action: string, ...more: string[]) =>
    runKeyhold([
      ...['simulate', '--principal', principal, '--action', action, '--key', KeyMetadata!.Arn!],
      ...['--region', REGION, '--data', folder.path, ...more],
    ]).stdout
  assert.match(simulate('ec2.amazonaws.com', 'kms:Decrypt'), /^ALLOWED$/m)
  const refused = simulate('ec2.amazonaws.com', 'kms:GenerateDataKey')
  assert.match(refused, /Add to the key policy: \{"Effect": "Allow", "Principal": \{"Service": "ec2\.amazonaws\.com"\}/)
  assert.doesNotMatch(simulate(Arn!, 'kms:Encrypt'), /^ALLOWED$/m)
  assert.match(simulate(Arn!, 'kms:Encrypt', '--via', 'ec2.amazonaws.com'), /^ALLOWED$/m)
})
