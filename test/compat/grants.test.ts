/** Grants with unmodified clients: boto3, whose model checks every answer, the AWS CLI, and the AWS SDK for JavaScript. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import * as kms from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import {
  type Credentials,
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const REGION = 'eu-central-1'
const hasBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0
const hasCli = spawnSync('aws', ['--version']).status === 0

const folder = temporaryFolder('grants')
let keyhold: KeyholdProcess
let credentials: Credentials
let account: string

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', folder.path])
  credentials = readCredentials(folder.path)
  const sts = new STSClient(settings())
  account = (await sts.send(new GetCallerIdentityCommand({}))).Account!
  sts.destroy()
})

after(async () => {
  await keyhold?.end()
  folder.remove()
})

const settings = (own = credentials, { endpoint } = keyhold) => ({
  endpoint,
  region: REGION,
  credentials: own,
  maxAttempts: 1,
})

const environment = () => ({
  ...process.env,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_DEFAULT_REGION: REGION,
  AWS_ENDPOINT_URL: keyhold.endpoint,
  ACCOUNT: account,
})

test('boto3: temporary access, sessions, constraints, children, retries, lists', {
  skip: hasBoto3 ? false : 'boto3 is not installed here',
}, () => {
  const script = join(import.meta.dirname, 'grants-client.py')
  const { status, stdout, stderr } = spawnSync('python3', [script], { encoding: 'utf8', env: environment() })
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, /^(\d+) checks passed$/m)
})

test('the AWS CLI: create, list, retire, revoke', {
  skip: hasCli ? false : 'the AWS CLI is not installed here',
}, () => {
  const aws = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('aws', ['--output', 'json', ...args], {
      encoding: 'utf8',
      env: environment(),
    })
    assert.equal(status, 0, stderr)
    return stdout === '' ? undefined : JSON.parse(stdout)
  }
  const { KeyId } = aws('kms', 'create-key').KeyMetadata
  const arn = aws('iam', 'create-user', '--user-name', 'cli').User.Arn
  const grant = () =>
    aws(
      'kms',
      'create-grant',
      '--key-id',
      KeyId,
      '--grantee-principal',
      arn,
      '--operations',
      'Decrypt',
      'RetireGrant',
      '--constraints',
      'EncryptionContextSubset={team=a}',
    )
  const [first, second] = [grant(), grant()]
  const { Grants } = aws('kms', 'list-grants', '--key-id', KeyId)
  assert.deepEqual(
    Grants.map(({ GrantId }: { GrantId: string }) => GrantId).sort(),
    [first.GrantId, second.GrantId].sort(),
  )
  assert.deepEqual(Grants[0].Constraints, { EncryptionContextSubset: { team: 'a' } })
  assert.equal(aws('kms', 'revoke-grant', '--key-id', KeyId, '--grant-id', first.GrantId), undefined)
  assert.equal(aws('kms', 'retire-grant', '--grant-token', second.GrantToken), undefined)
  assert.deepEqual(aws('kms', 'list-grants', '--key-id', KeyId).Grants, [])
})

test('the SDK for JavaScript, two workers: a grant is seen by all at once with its token, and soon without', async () => {
  const own = temporaryFolder('grants-of-two')
  const server = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', own.path])
  const asOwner = settings(readCredentials(own.path), server)
  const [owner, identities] = [new kms.KMSClient(asOwner), new iam.IAMClient(asOwner)]
  const { User } = await identities.send(new iam.CreateUserCommand({ UserName: 'js' }))
  const { AccessKey } = await identities.send(new iam.CreateAccessKeyCommand({ UserName: 'js' }))
  const user = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! }
  const KeyId = (await owner.send(new kms.CreateKeyCommand({}))).KeyMetadata!.KeyId!
  // Each client has a connection of its own, so some of them are the other worker's.
  const clients = Array.from({ length: 8 }, () => new kms.KMSClient(settings(user, server)))
  const encrypt = (client: kms.KMSClient, GrantTokens: string[] = []) =>
    client.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), GrantTokens }))
  const allRefused = async () => {
    for (const client of clients) await assert.rejects(encrypt(client), { name: 'AccessDeniedException' })
  }
  // Now both workers know that the key has no grants.
  await allRefused()
  const { GrantToken, GrantId } = await owner.send(
    new kms.CreateGrantCommand({ KeyId, GranteePrincipal: User!.Arn!, Operations: ['Encrypt'] }),
  )
  await Promise.all(clients.map((client) => encrypt(client, [GrantToken!])))
  await within(1000, () => Promise.all(clients.map((client) => encrypt(client))))
  await owner.send(new kms.RevokeGrantCommand({ KeyId, GrantId }))
  await within(1000, allRefused)
  for (const client of [owner, identities, ...clients]) client.destroy()
  await server.end()
  own.remove()
})

/** design.md section 3: what one node changed is in force on every other within a second. */
async function within(ms: number, work: () => Promise<unknown>): Promise<void> {
  for (const deadline = Date.now() + ms; ; ) {
    try {
      await work()
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
