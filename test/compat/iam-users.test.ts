/** Users, access keys, groups and their policies through unmodified clients: AWS CLI, boto3, AWS SDK for JavaScript. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import * as kms from '@aws-sdk/client-kms'
import {
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const folder = temporaryFolder('iam')
let keyhold: KeyholdProcess

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', folder.path])
})

after(async () => {
  await keyhold?.end()
  folder.remove()
})

function missing(command: string, ...args: readonly string[]): string | false {
  return spawnSync(command, args).status === 0 ? false : `${command} ${args.join(' ')} does not run here`
}

function environment(): NodeJS.ProcessEnv {
  const { AWS_SESSION_TOKEN: _token, AWS_PROFILE: _profile, ...rest } = process.env
  const { accessKeyId, secretAccessKey } = readCredentials(folder.path)
  return {
    ...rest,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: keyhold.endpoint,
  }
}

test('boto3: every answer fits its model', { skip: missing('python3', '-c', 'import boto3') }, () => {
  const program = join(import.meta.dirname, 'iam-users-client.py')
  const { status, stdout, stderr } = spawnSync('python3', [program], { encoding: 'utf8', env: environment() })
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, /^(\d+) checks passed$/m)
})

test('AWS CLI: a user from creation to deletion', { skip: missing('aws', '--version') }, () => {
  const aws = (...args: string[]) =>
    spawnSync('aws', ['--output', 'json', 'iam', ...args], { encoding: 'utf8', env: environment(), cwd: folder.path })
  const answer = (...args: string[]) => {
    const { status, stdout, stderr } = aws(...args)
    assert.equal(status, 0, stderr)
    return stdout === '' ? undefined : JSON.parse(stdout)
  }
  const { User } = answer('create-user', '--user-name', 'cli', '--path', '/team/', '--tags', 'Key=a,Value=b c')
  assert.match(User.Arn, /^arn:aws:iam::\d{12}:user\/team\/cli$/)
  assert.match(User.CreateDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/)
  assert.deepEqual(answer('get-user', '--user-name', 'cli').User, User)
  assert.equal(answer('get-user').User.UserName, 'administrator')
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Sid: 'A', Effect: 'Allow', Action: 'kms:*', Resource: ['*'], Condition: { Bool: { 'a:b': true } } }],
  }
  writeFileSync(join(folder.path, 'policy.json'), JSON.stringify(policy, null, 4))
  const named = ['--user-name', 'cli', '--policy-name', 'keys']
  answer('put-user-policy', ...named, '--policy-document', 'file://policy.json')
  assert.deepEqual(answer('get-user-policy', ...named).PolicyDocument, policy)
  const users = answer('list-users', '--path-prefix', '/team/', '--max-items', '1').Users
  assert.deepEqual(
    users.map(({ UserName }: { UserName: string }) => UserName),
    ['cli'],
  )
  const conflict = aws('delete-user', '--user-name', 'cli')
  assert.match(conflict.stderr, /\(DeleteConflict\).*Cannot delete entity, must delete policies first\./)
  answer('delete-user-policy', ...named)
  answer('delete-user', '--user-name', 'cli')
  assert.match(
    aws('get-user', '--user-name', 'cli').stderr,
    /\(NoSuchEntity\).*The user with name cli cannot be found\./,
  )
})

test('AWS SDK for JavaScript: a new user uses a key with what his group allows', async () => {
  const credentials = readCredentials(folder.path)
  const at = { endpoint: keyhold.endpoint, region: 'eu-central-1', maxAttempts: 1 }
  const client = new iam.IAMClient({ ...at, credentials })
  const owner = new kms.KMSClient({ ...at, credentials })
  const clients: { destroy(): void }[] = [client, owner]
  try {
    const { User } = await client.send(new iam.CreateUserCommand({ UserName: 'js' }))
    assert.ok(User!.CreateDate instanceof Date)
    assert.equal(User!.Tags, undefined)
    const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName: 'js' }))
    const user = new kms.KMSClient({
      ...at,
      credentials: { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! },
    })
    clients.push(user)
    const KeyId = (await owner.send(new kms.CreateKeyCommand({}))).KeyMetadata!.KeyId!
    const encrypt = () => user.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    await assert.rejects(encrypt(), { name: 'AccessDeniedException' })

    await client.send(new iam.CreateGroupCommand({ GroupName: 'encrypters' }))
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*' },
    })
    await client.send(new iam.PutGroupPolicyCommand({ GroupName: 'encrypters', PolicyName: 'encrypt', PolicyDocument }))
    await client.send(new iam.AddUserToGroupCommand({ GroupName: 'encrypters', UserName: 'js' }))
    await encrypt()
    const { Group, Users } = await client.send(new iam.GetGroupCommand({ GroupName: 'encrypters' }))
    assert.equal(Group!.GroupName, 'encrypters')
    assert.deepEqual(
      Users!.map(({ UserName }) => UserName),
      ['js'],
    )
    await assert.rejects(
      client.send(new iam.DeleteGroupCommand({ GroupName: 'encrypters' })),
      iam.DeleteConflictException,
    )
    await assert.rejects(client.send(new iam.GetUserCommand({ UserName: 'nobody' })), iam.NoSuchEntityException)
    await assert.rejects(client.send(new iam.CreateUserCommand({ UserName: 'JS' })), iam.EntityAlreadyExistsException)
    await client.send(new iam.RemoveUserFromGroupCommand({ GroupName: 'encrypters', UserName: 'js' }))
    await assert.rejects(encrypt(), { name: 'AccessDeniedException' })
  } finally {
    for (const one of clients) one.destroy()
  }
})
