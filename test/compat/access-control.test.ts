/** Policies in force, with boto3 and the AWS CLI: administrators and users, conditions, sessions, two accounts. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
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
const FOREIGN_ACCOUNT = '444455556666'
const hasBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0
const hasCli = spawnSync('aws', ['--version']).status === 0

const folder = temporaryFolder('access-control')
let keyhold: KeyholdProcess
let credentials: Credentials
let account: string

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', folder.path])
  credentials = readCredentials(folder.path)
  const sts = new STSClient({ endpoint: keyhold.endpoint, region: REGION, credentials })
  account = (await sts.send(new GetCallerIdentityCommand({}))).Account!
  sts.destroy()
})

after(async () => {
  await keyhold?.end()
  folder.remove()
})

const environment = (own = credentials) => ({
  ...process.env,
  AWS_ACCESS_KEY_ID: own.accessKeyId,
  AWS_SECRET_ACCESS_KEY: own.secretAccessKey,
  AWS_DEFAULT_REGION: REGION,
  AWS_ENDPOINT_URL: keyhold.endpoint,
  ACCOUNT: account,
})

/** An account beside the first one, with an administrator: made on the command line while the server runs. */
function secondAccount(): Credentials {
  const succeed = (...args: string[]) => {
    const { status, stdout, stderr } = runKeyhold([...args, '--data', folder.path])
    assert.equal(status, 0, `${stdout}\n${stderr}`)
    return stdout
  }
  succeed('account', 'create', '--id', FOREIGN_ACCOUNT)
  succeed('user', 'create', 'visitor', '--account', FOREIGN_ACCOUNT, '--policy', 'AdministratorAccess')
  const printed = succeed('access-key', 'create', 'visitor', '--account', FOREIGN_ACCOUNT, '--print')
  const value = (name: string) => new RegExp(`^${name} = (\\S+)$`, 'm').exec(printed)![1]!
  return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') }
}

test('boto3: administrators and users of a key, conditions, session policies, another account', {
  skip: hasBoto3 ? false : 'boto3 is not installed here',
}, () => {
  const foreign = secondAccount()
  const script = join(import.meta.dirname, 'access-control-client.py')
  const env = {
    ...environment(),
    FOREIGN_ACCOUNT,
    FOREIGN_ID: foreign.accessKeyId,
    FOREIGN_SECRET: foreign.secretAccessKey,
  }
  const { status, stdout, stderr } = spawnSync('python3', [script], { encoding: 'utf8', env })
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, /^(\d\d) checks passed$/m)
})

test('the AWS CLI: a refusal, its explanation, and the way out that it names', {
  skip: hasCli ? false : 'the AWS CLI is not installed here',
}, () => {
  const aws = (own: Credentials, ...args: string[]) =>
    spawnSync('aws', ['--output', 'json', ...args], { encoding: 'utf8', env: environment(own) })
  const succeed = (own: Credentials, ...args: string[]) => {
    const { status, stdout, stderr } = aws(own, ...args)
    assert.equal(status, 0, `${stdout}\n${stderr}`)
    return stdout === '' ? {} : JSON.parse(stdout)
  }
  const { Arn } = succeed(credentials, 'kms', 'create-key').KeyMetadata
  const { User } = succeed(credentials, 'iam', 'create-user', '--user-name', 'cli')
  const { AccessKey } = succeed(credentials, 'iam', 'create-access-key', '--user-name', 'cli')
  const cli = { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey }
  const generate = ['kms', 'generate-data-key', '--key-id', Arn, '--key-spec', 'AES_256']
  const { status, stderr } = aws(cli, ...generate)
  assert.notEqual(status, 0)
  assert.match(stderr, /AccessDeniedException.*no identity-based policy allows the kms:GenerateDataKey action/)
  assert.match(aws(cli, 'kms', 'describe-key', '--key-id', 'nothing').stderr, /NotFoundException.*Invalid keyId/)

  const shown = runKeyhold(['audit', 'show', '--data', folder.path]).stdout.trim().split('\n')
  const records = shown.map((line) => JSON.parse(line))
  // Whichever worker each call came to: records of several are not in one order.
  const failedWith = (code: string) =>
    records.find(({ errorCode, userIdentity }) => errorCode === code && userIdentity.arn === User.Arn)
  const refusal = failedWith('AccessDenied')
  const nameless = failedWith('NotFoundException')
  const explained = runKeyhold(['explain', refusal.requestID, '--data', folder.path])
  assert.equal(explained.status, 0, explained.stderr)
  assert.match(explained.stdout, /What decided then: no identity-based policy allowed kms:GenerateDataKey on/)
  const statement = /Add to an identity policy of .*: (\{.*\})\.$/m.exec(explained.stdout)![1]!

  // No policy was asked about a call that named no key.
  const unasked = runKeyhold(['explain', nameless.requestID, '--data', folder.path])
  assert.match(unasked.stdout, /It failed with NotFoundException: Invalid keyId 'nothing'\n$/)

  const policy = JSON.stringify({ Version: '2012-10-17', Statement: JSON.parse(statement) })
  succeed(
    credentials,
    'iam',
    'put-user-policy',
    '--user-name',
    'cli',
    '--policy-name',
    'p',
    '--policy-document',
    policy,
  )
  const simulated = ['simulate', '--principal', User.Arn, '--action', 'kms:GenerateDataKey', '--key', Arn]
  assert.match(runKeyhold([...simulated, '--data', folder.path]).stdout, /^ALLOWED$/m)
  assert.equal(succeed(cli, ...generate).KeyId, Arn)
})
