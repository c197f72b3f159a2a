/** STS with the clients that people have: AWS CLI, boto3, AWS SDK for JavaScript; and the sessions that they get, used for KMS. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import {
  AttachRolePolicyCommand,
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  IAMClient,
} from '@aws-sdk/client-iam'
import { CreateKeyCommand, DecryptCommand, EncryptCommand, KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  type Credentials,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  STSClient,
  STSServiceException,
} from '@aws-sdk/client-sts'
import { ACCOUNT } from '../support/harness.ts'
import { type IdentityProvider, startIdentityProvider } from '../support/identity-provider.ts'
import { ACCESS_KEY_ID, SECRET_ACCESS_KEY, startTestServer, type TestServer } from '../support/test-server.ts'

let server: TestServer
let provider: IdentityProvider
const region = 'eu-central-1'
const ADMINISTRATOR = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY }
const ROLE = `arn:aws:iam::${ACCOUNT}:role/app/ci`
const folder = mkdtempSync(join(tmpdir(), 'keyhold-sts-'))

before(async () => {
  provider = await startIdentityProvider(Date.now)
  provider.addKey('ES256', 'only')
  const trusted = { url: provider.issuer, isPrivate: true, ca: provider.ca }
  server = await startTestServer({ identityProviders: [trusted] })
  const iam = client(IAMClient, ADMINISTRATOR)
  await makeRole(iam, 'ci', '/app/', { AWS: `arn:aws:iam::${ACCOUNT}:root` }, ['sts:AssumeRole', 'sts:TagSession'])
  await iam.send(new CreateOpenIDConnectProviderCommand({ Url: provider.issuer, ClientIDList: ['sts.example'] }))
  const Federated = `arn:aws:iam::${ACCOUNT}:oidc-provider/${provider.name}`
  await makeRole(iam, 'pod', '/', { Federated }, ['sts:AssumeRoleWithWebIdentity'])
})

after(async () => {
  await server.stop()
  await provider.close()
  rmSync(folder, { recursive: true })
})

interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

function client<C>(Client: new (options: object) => C, credentials: AccessKey): C {
  return new Client({ endpoint: server.endpoint, region, credentials })
}

function accessKeyOf(credentials: Credentials | undefined): AccessKey & { readonly sessionToken: string } {
  const { AccessKeyId, SecretAccessKey, SessionToken } = credentials!
  return { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! }
}

async function makeRole(iam: IAMClient, RoleName: string, Path: string, Principal: object, Action: string[]) {
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal, Action }] }
  await iam.send(new CreateRoleCommand({ RoleName, Path, AssumeRolePolicyDocument: JSON.stringify(trust) }))
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess'
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }))
}

test('AWS SDK for JavaScript: a role is assumed and its session encrypts and decrypts', async () => {
  const sts = client(STSClient, ADMINISTRATOR)
  const assumed = await sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'build-42' }))
  assert.equal(assumed.AssumedRoleUser!.Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/ci/build-42`)
  const lastsMs = assumed.Credentials!.Expiration!.getTime() - Date.now()
  assert.ok(lastsMs > 3_590_000 && lastsMs <= 3_600_000, String(lastsMs))

  const session = accessKeyOf(assumed.Credentials)
  const who = await client(STSClient, session).send(new GetCallerIdentityCommand({}))
  assert.equal(who.Arn, assumed.AssumedRoleUser!.Arn)
  assert.equal(who.UserId, assumed.AssumedRoleUser!.AssumedRoleId)
  const kms = client(KMSClient, session)
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
  const KeyId = KeyMetadata!.KeyId
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('of a session') }))
  const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob }))
  assert.equal(Buffer.from(Plaintext!).toString(), 'of a session')
  const record = JSON.parse(server.auditLines.findLast((line) => line.includes('"Decrypt"'))!)
  assert.equal(record.userIdentity.type, 'AssumedRole')
  assert.equal(record.userIdentity.sessionContext.sessionIssuer.arn, ROLE)
})

test('AWS SDK for JavaScript: a session policy narrows, and errors have their names', async () => {
  const sts = client(STSClient, ADMINISTRATOR)
  const statement = { Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  const { Credentials, PackedPolicySize } = await sts.send(
    new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'narrow', Policy }),
  )
  assert.ok(PackedPolicySize! > 0 && PackedPolicySize! < 100)
  const kms = client(KMSClient, accessKeyOf(Credentials))
  await kms.send(new ListKeysCommand({}))
  await assert.rejects(kms.send(new CreateKeyCommand({})), {
    name: 'AccessDeniedException',
    message: `User: arn:aws:sts::${ACCOUNT}:assumed-role/ci/narrow is not authorized to perform: kms:CreateKey on resource: * because no session policy allows the kms:CreateKey action`,
  })
  const refused = sts.send(new AssumeRoleCommand({ RoleArn: `${ROLE}x`, RoleSessionName: 's1' }))
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof STSServiceException)
    assert.equal(error.name, 'AccessDenied')
    assert.equal(error.$metadata.httpStatusCode, 403)
    assert.match(error.message, /is not authorized to perform: sts:AssumeRole on resource: /)
    return true
  })
})

test('a token with another access key, altered, or missing is no credential', async () => {
  const sts = client(STSClient, ADMINISTRATOR)
  const assume = async () =>
    accessKeyOf((await sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'token' }))).Credentials)
  const [first, second] = [await assume(), await assume()]
  const { accessKeyId, secretAccessKey } = first
  const bytes = Buffer.from(first.sessionToken, 'base64')
  bytes[bytes.length - 1]! ^= 1
  const wrong: readonly AccessKey[] = [
    { accessKeyId, secretAccessKey },
    { ...first, sessionToken: second.sessionToken },
    { ...first, sessionToken: bytes.toString('base64') },
    { ...first, sessionToken: 'made up' },
    { ...ADMINISTRATOR, sessionToken: first.sessionToken },
  ]
  for (const credentials of wrong) {
    await assert.rejects(client(STSClient, credentials).send(new GetCallerIdentityCommand({})), {
      name: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid.',
    })
    await assert.rejects(client(KMSClient, credentials).send(new ListKeysCommand({})), {
      name: 'UnrecognizedClientException',
    })
  }
  await assert.rejects(
    client(STSClient, { ...first, secretAccessKey: second.secretAccessKey }).send(new GetCallerIdentityCommand({})),
    { name: 'SignatureDoesNotMatch' },
  )
})

test('a session ends with its role', async () => {
  const iam = client(IAMClient, ADMINISTRATOR)
  await makeRole(iam, 'brief', '/', { AWS: `arn:aws:iam::${ACCOUNT}:root` }, ['sts:AssumeRole'])
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/brief`
  const sts = client(STSClient, ADMINISTRATOR)
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'until-then' }))
  const kms = client(KMSClient, accessKeyOf(Credentials))
  await kms.send(new ListKeysCommand({}))
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess'
  await iam.send(new DetachRolePolicyCommand({ RoleName: 'brief', PolicyArn }))
  await assert.rejects(kms.send(new ListKeysCommand({})), { name: 'AccessDeniedException' })
  await iam.send(new DeleteRoleCommand({ RoleName: 'brief' }))
  await assert.rejects(kms.send(new ListKeysCommand({})), { name: 'UnrecognizedClientException' })
  await makeRole(iam, 'brief', '/', { AWS: `arn:aws:iam::${ACCOUNT}:root` }, ['sts:AssumeRole'])
  await assert.rejects(kms.send(new ListKeysCommand({})), { name: 'UnrecognizedClientException' })
})

test("a user's own session uses KMS, not IAM, and makes no more sessions", async () => {
  const sts = client(STSClient, ADMINISTRATOR)
  const { Credentials } = await sts.send(new GetSessionTokenCommand({ DurationSeconds: 900 }))
  const own = accessKeyOf(Credentials)
  const who = await client(STSClient, own).send(new GetCallerIdentityCommand({}))
  assert.equal(who.Arn, `arn:aws:iam::${ACCOUNT}:user/alice`)
  await client(KMSClient, own).send(new ListKeysCommand({}))
  const iam = client(IAMClient, own)
  await assert.rejects(iam.send(new DeleteRoleCommand({ RoleName: 'ci' })), { name: 'InvalidClientTokenId' })
  await client(STSClient, own).send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'from-session' }))
  await assert.rejects(client(STSClient, own).send(new GetSessionTokenCommand({})), {
    name: 'AccessDenied',
    message: 'Cannot call GetSessionToken with session credentials',
  })
})

test('a federated user can do what his session policy and the user both may', async () => {
  const sts = client(STSClient, ADMINISTRATOR)
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'kms:List*', Resource: '*' }],
  })
  const answer = await sts.send(new GetFederationTokenCommand({ Name: 'bob', Policy }))
  assert.equal(answer.FederatedUser!.FederatedUserId, `${ACCOUNT}:bob`)
  const kms = client(KMSClient, accessKeyOf(answer.Credentials))
  await kms.send(new ListKeysCommand({}))
  await assert.rejects(kms.send(new CreateKeyCommand({})), { name: 'AccessDeniedException' })
  const none = await sts.send(new GetFederationTokenCommand({ Name: 'bob' }))
  assert.equal(none.PackedPolicySize, 0)
  await assert.rejects(client(KMSClient, accessKeyOf(none.Credentials)).send(new ListKeysCommand({})), {
    name: 'AccessDeniedException',
  })
})

test('AWS SDK for JavaScript: a web identity assumes its role without any credentials', async () => {
  const sts = new STSClient({
    endpoint: server.endpoint,
    region,
    credentials: { accessKeyId: '', secretAccessKey: '' },
  })
  const WebIdentityToken = await provider.token({ sub: 'system:serviceaccount:shop:web', aud: 'sts.example' })
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/pod`
  const answer = await sts.send(
    new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'pod-1', WebIdentityToken }),
  )
  assert.equal(answer.SubjectFromWebIdentityToken, 'system:serviceaccount:shop:web')
  await client(KMSClient, accessKeyOf(answer.Credentials)).send(new ListKeysCommand({}))
  const expired = await provider.token({ sub: 'x', aud: 'sts.example', exp: 1 })
  const late = sts.send(
    new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'pod-1', WebIdentityToken: expired }),
  )
  await assert.rejects(late, { name: 'ExpiredTokenException' })
})

/** With a home of its own: the AWS CLI keeps the sessions of profiles there, which no other server knows. */
async function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const { AWS_PROFILE: _profile, AWS_SESSION_TOKEN: _token, ...inherited } = process.env
  const clean = {
    ...inherited,
    HOME: folder,
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
  }
  const child = spawn(program, args, { env: { ...clean, AWS_DEFAULT_REGION: region, ...env } })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { status, stdout, stderr }
}

const STATIC = { AWS_ACCESS_KEY_ID: ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: SECRET_ACCESS_KEY }
const hasCli = spawnSync('aws', ['--version']).status === 0
const skipCli = hasCli ? false : 'the AWS CLI is not installed here'

function aws(env: Readonly<Record<string, string>>, ...args: string[]) {
  return run('aws', ['--endpoint-url', server.endpoint, '--output', 'json', ...args], env)
}

test('AWS CLI: who am I, a role assumed by hand, and one that a profile names', { skip: skipCli }, async () => {
  const who = await aws(STATIC, 'sts', 'get-caller-identity')
  assert.equal(who.status, 0, who.stderr)
  assert.deepEqual(JSON.parse(who.stdout), {
    UserId: 'AIDAEXAMPLEEXAMPLE001',
    Account: ACCOUNT,
    Arn: `arn:aws:iam::${ACCOUNT}:user/alice`,
  })
  const tags = ['--tags', 'Key=Team,Value=a+b c', '--transitive-tag-keys', 'Team']
  const assumed = await aws(STATIC, 'sts', 'assume-role', '--role-arn', ROLE, '--role-session-name', 'cli', ...tags)
  assert.equal(assumed.status, 0, assumed.stderr)
  const { Credentials, PackedPolicySize } = JSON.parse(assumed.stdout)
  assert.ok(PackedPolicySize > 0)
  const env = {
    AWS_ACCESS_KEY_ID: Credentials.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: Credentials.SecretAccessKey,
    AWS_SESSION_TOKEN: Credentials.SessionToken,
  }
  const random = await aws(env, 'kms', 'generate-random', '--number-of-bytes', '16')
  assert.equal(random.status, 0, random.stderr)
  const over = await aws(
    env,
    'sts',
    'assume-role',
    '--role-arn',
    ROLE,
    '--role-session-name',
    'chain',
    '--tags',
    'Key=team,Value=x',
  )
  assert.match(over.stderr, /\(InvalidParameterValue\) .*conflicts with a transitive tag key from the calling session/)
  const invalid = await aws(STATIC, 'sts', 'assume-role', '--role-arn', ROLE, '--role-session-name', 'Session1:2')
  assert.match(
    invalid.stderr,
    /\(ValidationError\) .*1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: \[\\w\+=,\.@-\]\*/,
  )

  const profile = `[profile ci]\nrole_arn = ${ROLE}\ncredential_source = Environment\nendpoint_url = ${server.endpoint}\n`
  writeFileSync(join(folder, 'config'), profile)
  const named = await run('aws', ['--profile', 'ci', 'sts', 'get-caller-identity'], STATIC)
  assert.equal(named.status, 0, named.stderr)
  assert.match(JSON.parse(named.stdout).Arn, /:assumed-role\/ci\/botocore-session-\d+$/)
})

test('AWS CLI: a web identity file, as Kubernetes gives it to a pod', { skip: skipCli }, async () => {
  writeFileSync(join(folder, 'token'), await provider.token({ sub: 'pod', aud: 'sts.example' }))
  const env = {
    AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
    AWS_ROLE_ARN: `arn:aws:iam::${ACCOUNT}:role/pod`,
    AWS_ENDPOINT_URL: server.endpoint,
  }
  const who = await run('aws', ['sts', 'get-caller-identity'], env)
  assert.equal(who.status, 0, who.stderr)
  assert.match(JSON.parse(who.stdout).Arn, /:assumed-role\/pod\//)
})

const hasBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0

/** Prints what GetCallerIdentity says: asked, by a URL that was signed before, and as EKS's authenticator signs it. */
const BOTO3 = `
import json, sys, urllib.request, boto3
sts = boto3.client('sts', endpoint_url=sys.argv[1])
asked = sts.get_caller_identity()
url = sts.generate_presigned_url('get_caller_identity', ExpiresIn=60, HttpMethod='GET')
read = urllib.request.urlopen(url).read().decode()
from botocore.signers import RequestSigner
session = boto3.session.Session()
signer = RequestSigner(sts.meta.service_model.service_id, 'eu-central-1', 'sts', 'v4', session.get_credentials(), session.events)
eks = signer.generate_presigned_url({'method': 'GET', 'url': sys.argv[1] + '/?Action=GetCallerIdentity&Version=2011-06-15',
  'body': {}, 'headers': {'x-k8s-aws-id': 'cluster'}, 'context': {}}, region_name='eu-central-1', expires_in=60, operation_name='')
answer = urllib.request.urlopen(urllib.request.Request(eks, headers={'x-k8s-aws-id': 'cluster'})).read().decode()
def refusal(headers):
    try:
        urllib.request.urlopen(urllib.request.Request(eks, headers=headers))
        return 'nothing'
    except urllib.error.HTTPError as error:
        return error.read().decode()
# What aws-iam-authenticator sends, and the members that it reads.
verified = urllib.request.urlopen(urllib.request.Request(eks, headers={'x-k8s-aws-id': 'cluster', 'accept': 'application/json'})).read().decode()
print(json.dumps([asked['Arn'], read, answer, refusal({'x-k8s-aws-id': 'other'}), verified, refusal({'x-k8s-aws-id': 'other', 'accept': 'application/json'})]))
`

test('boto3: presigned URLs of GetCallerIdentity prove who somebody is', {
  skip: hasBoto3 ? false : 'boto3 is not installed here',
}, async () => {
  const { status, stdout, stderr } = await run('python3', ['-c', BOTO3, server.endpoint], STATIC)
  assert.equal(status, 0, stderr)
  const [arn, read, eks, refused, verified, refusedInJson] = JSON.parse(stdout)
  assert.equal(arn, `arn:aws:iam::${ACCOUNT}:user/alice`)
  for (const answer of [read, eks]) assert.ok(answer.includes(`<Arn>${arn}</Arn>`), answer)
  assert.match(refused, /<Code>SignatureDoesNotMatch<\/Code>/)
  const { GetCallerIdentityResult } = JSON.parse(verified).GetCallerIdentityResponse
  assert.deepEqual([GetCallerIdentityResult.Account, GetCallerIdentityResult.Arn], [ACCOUNT, arn])
  assert.ok(GetCallerIdentityResult.UserId.startsWith('AIDA'))
  assert.equal(JSON.parse(refusedInJson).Error.Code, 'SignatureDoesNotMatch')
})
