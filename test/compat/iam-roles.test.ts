/** Roles, managed policies and providers through unmodified clients: AWS CLI, boto3, AWS SDK for JavaScript. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import * as kms from '@aws-sdk/client-kms'
import * as sts from '@aws-sdk/client-sts'
import {
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const folder = temporaryFolder('iam-roles')
let keyhold: KeyholdProcess

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', folder.path])
})

after(async () => {
  await keyhold?.end()
  folder.remove()
})

function missing(command: string, ...args: readonly string[]): string | false {
  return spawnSync(command, args).status === 0 ? false : `${command} ${args.join(' ')} does not run here`
}

const at = () => ({
  endpoint: keyhold.endpoint,
  region: 'eu-central-1',
  maxAttempts: 1,
  credentials: readCredentials(folder.path),
})

async function environment(): Promise<NodeJS.ProcessEnv> {
  const { AWS_SESSION_TOKEN: _token, AWS_PROFILE: _profile, ...rest } = process.env
  const { accessKeyId, secretAccessKey } = readCredentials(folder.path)
  const client = new sts.STSClient(at())
  const { Account } = await client.send(new sts.GetCallerIdentityCommand({}))
  client.destroy()
  return {
    ...rest,
    ACCOUNT: Account,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: keyhold.endpoint,
  }
}

test('boto3: every answer fits its model', { skip: missing('python3', '-c', 'import boto3') }, async () => {
  const program = join(import.meta.dirname, 'iam-roles-client.py')
  const { status, stdout, stderr } = spawnSync('python3', [program], { encoding: 'utf8', env: await environment() })
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, /^(\d+) checks passed$/m)
})

test('AWS CLI: a role from creation to deletion', { skip: missing('aws', '--version') }, async () => {
  const env = await environment()
  const aws = (...args: string[]) =>
    spawnSync('aws', ['--output', 'json', ...args], { encoding: 'utf8', env, cwd: folder.path })
  const answer = (...args: string[]) => {
    const { status, stdout, stderr } = aws(...args)
    assert.equal(status, 0, stderr)
    return stdout === '' ? undefined : JSON.parse(stdout)
  }
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: env.ACCOUNT }, Action: 'sts:AssumeRole' }],
  }
  writeFileSync(join(folder.path, 'trust.json'), JSON.stringify(trust, null, 4))
  const role = ['--role-name', 'cli']
  const create = ['iam', 'create-role', ...role, '--assume-role-policy-document', 'file://trust.json']
  const { Role } = answer(...create, '--path', '/app/', '--max-session-duration', '7200', '--tags', 'Key=a,Value=b c')
  assert.deepEqual(Role.AssumeRolePolicyDocument, trust)
  assert.equal(answer('iam', 'get-role', ...role).Role.MaxSessionDuration, 7200)
  const policy = ['--policy-arn', 'arn:aws:iam::aws:policy/ReadOnlyAccess']
  answer('iam', 'attach-role-policy', ...role, ...policy)
  const attached = answer('iam', 'list-attached-role-policies', ...role).AttachedPolicies
  assert.deepEqual(attached, [{ PolicyName: 'ReadOnlyAccess', PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }])
  const simulated = answer(
    ...['iam', 'simulate-principal-policy', '--policy-source-arn', Role.Arn],
    ...['--action-names', 'kms:ListKeys', 'kms:CreateKey'],
  ).EvaluationResults
  assert.deepEqual(
    simulated.map(({ EvalDecision }: { EvalDecision: string }) => EvalDecision),
    ['allowed', 'implicitDeny'],
  )
  assert.match(
    aws('iam', 'delete-role', ...role).stderr,
    /\(DeleteConflict\).*Cannot delete entity, must detach all policies first\./,
  )
  assert.match(aws(...create).stderr, /\(EntityAlreadyExists\).*Role with name cli already exists\./)
  answer('iam', 'detach-role-policy', ...role, ...policy)
  answer('iam', 'delete-role', ...role)
  assert.match(aws('iam', 'get-role', ...role).stderr, /\(NoSuchEntity\).*The role with name cli cannot be found\./)
})

test('AWS SDK for JavaScript: a session of a new role uses a key whose policy names the role', async () => {
  const clients: { destroy(): void }[] = []
  const open = <C extends { destroy(): void }>(client: C): C => {
    clients.push(client)
    return client
  }
  try {
    const client = open(new iam.IAMClient(at()))
    const owner = open(new kms.KMSClient(at()))
    const token = open(new sts.STSClient(at()))
    const { Account } = await token.send(new sts.GetCallerIdentityCommand({}))
    const statement = (more: object) =>
      JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...more }] })
    const { Role } = await client.send(
      new iam.CreateRoleCommand({
        RoleName: 'js',
        AssumeRolePolicyDocument: statement({ Principal: { AWS: Account }, Action: 'sts:AssumeRole' }),
      }),
    )
    assert.ok(Role!.CreateDate instanceof Date)
    const root = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${Account}:root` }, Action: 'kms:*', Resource: '*' }
    const forRole = { Effect: 'Allow', Principal: { AWS: Role!.Arn }, Action: 'kms:Encrypt', Resource: '*' }
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [root, forRole] })
    const { KeyMetadata } = await owner.send(new kms.CreateKeyCommand({ Policy }))
    const KeyId = KeyMetadata!.KeyId!
    const { Credentials } = await token.send(
      new sts.AssumeRoleCommand({ RoleArn: Role!.Arn, RoleSessionName: 'session' }),
    )
    const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!
    const credentials = {
      accessKeyId: AccessKeyId!,
      secretAccessKey: SecretAccessKey!,
      sessionToken: SessionToken!,
    }
    const session = open(new kms.KMSClient({ ...at(), credentials }))
    const encrypt = () => session.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    const { CiphertextBlob } = await encrypt()
    await assert.rejects(session.send(new kms.DecryptCommand({ CiphertextBlob })), { name: 'AccessDeniedException' })

    // Made anew under its name the role is another one (P-4).
    await client.send(new iam.DeleteRoleCommand({ RoleName: 'js' }))
    const shown = await owner.send(new kms.GetKeyPolicyCommand({ KeyId }))
    assert.match(shown.Policy!, new RegExp(Role!.RoleId!))
    await assert.rejects(client.send(new iam.GetRoleCommand({ RoleName: 'js' })), iam.NoSuchEntityException)
    await assert.rejects(
      client.send(new iam.CreateRoleCommand({ RoleName: 'js', AssumeRolePolicyDocument: '{' })),
      iam.MalformedPolicyDocumentException,
    )
  } finally {
    for (const client of clients) client.destroy()
  }
})
