/**
 * Services that call for themselves and for users, by the AWS SDK (authorization.md S-2 to S-4, E-11, GC-6; lifecycle.md
 * MGD-1, MGD-6, MGD-7).
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import * as kms from '@aws-sdk/client-kms'
import * as sts from '@aws-sdk/client-sts'
import { type Keyhold, startKeyhold } from '../../src/index.ts'

const ACCOUNT = '111122223333'
const OTHER_ACCOUNT = '444455556666'
const REGION = 'eu-central-1'
const SECRET = 'a-secret-access-key-of-forty-characters.'
const OWN_SERVICE = 'documents.example.com'

const access = (id: string) => ({ accessKeyId: id, secretAccessKey: SECRET })
const ADMIN = access('AKIAADMINADMINADMIN1')
const ALICE = access('AKIAALICEALICEALICE1')
const VISITOR = access('AKIAVISITORVISITOR01')
const SECRETS_MANAGER = access('AKIASECRETSMANAGER01')
const DOCUMENTS = access('AKIADOCUMENTSSERVICE')

const user = (
  name: string,
  { accessKeyId: id }: { accessKeyId: string },
  account: string,
  managedPolicies: string[] = [],
) => ({
  name,
  account,
  managedPolicies,
  accessKeys: [{ id, secret: SECRET }],
})

let keyhold: Keyhold
before(async () => {
  keyhold = await startKeyhold({
    region: REGION,
    account: ACCOUNT,
    seed: {
      accounts: [{ id: ACCOUNT }, { id: OTHER_ACCOUNT }],
      users: [
        user('admin', ADMIN, ACCOUNT, ['AdministratorAccess']),
        user('alice', ALICE, ACCOUNT),
        user('visitor', VISITOR, OTHER_ACCOUNT, ['AdministratorAccess']),
      ],
      services: [
        { name: 'secretsmanager.amazonaws.com', accessKeys: [{ id: SECRETS_MANAGER.accessKeyId, secret: SECRET }] },
        { name: OWN_SERVICE, accessKeys: [{ id: DOCUMENTS.accessKeyId, secret: SECRET }] },
      ],
    },
  })
})
after(() => keyhold.stop())

type Headers = Readonly<Record<string, string>>

/** A client of the SDK whose requests carry headers of a service, before they are signed. */
function client(credentials: kms.KMSClientConfig['credentials'], headers: Headers = {}): kms.KMSClient {
  const made = new kms.KMSClient({
    endpoint: keyhold.endpoint,
    region: REGION,
    credentials: credentials!,
    maxAttempts: 1,
  })
  made.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, headers)
      return next(args)
    },
    { step: 'build' },
  )
  return made
}

const onBehalfOf = (caller: { accessKeyId: string; sessionToken?: string | undefined }): Headers => ({
  'x-keyhold-on-behalf-of': caller.accessKeyId,
  ...(caller.sessionToken !== undefined && { 'x-keyhold-on-behalf-of-token': caller.sessionToken }),
})
const from = (arn: string, account = ACCOUNT): Headers => ({ 'x-amz-source-arn': arn, 'x-amz-source-account': account })

const admin = () => client(ADMIN)
const Plaintext = Buffer.from('of a secret')

async function newKey(...statements: object[]): Promise<string> {
  const delegation = { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [delegation, ...statements] })
  const { KeyMetadata } = await admin().send(new kms.CreateKeyCommand({ Policy }))
  return KeyMetadata!.Arn!
}

const refused = (message: RegExp) => ({ name: 'AccessDeniedException', message })

test('an AWS managed key: made, used and read through its service, by whoever may use the service, and by nobody else', async () => {
  const KeyId = 'alias/aws/secretsmanager'
  // Alice has no policy: the key's own lets everybody of the account in who comes through the service.
  const through = client(SECRETS_MANAGER, onBehalfOf(ALICE))
  const sealed = await through.send(new kms.EncryptCommand({ KeyId, Plaintext }))
  assert.match(sealed.KeyId!, new RegExp(`^arn:aws:kms:${REGION}:${ACCOUNT}:key/`))
  const { KeyMetadata } = await through.send(new kms.DescribeKeyCommand({ KeyId }))
  assert.equal(KeyMetadata!.KeyManager, 'AWS')
  const opened = await through.send(new kms.DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }))
  assert.deepEqual(Buffer.from(opened.Plaintext!), Plaintext)
  const dataKey = await through.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
  assert.equal(dataKey.KeyId, sealed.KeyId)

  const direct = new kms.DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob })
  await assert.rejects(admin().send(direct), refused(/because no resource-based policy allows the kms:Decrypt action$/))
  await assert.rejects(client(SECRETS_MANAGER).send(direct), refused(/^User: secretsmanager\.amazonaws\.com is not/))
  const otherService = client(DOCUMENTS, onBehalfOf(ALICE))
  await assert.rejects(otherService.send(direct), refused(/no resource-based policy/))
  const otherAccount = client(SECRETS_MANAGER, onBehalfOf(VISITOR))
  await assert.rejects(otherAccount.send(direct), refused(/on the resource associated with this ciphertext/))
})

test('a direct call makes no AWS managed key by using one', async () => {
  await assert.rejects(admin().send(new kms.EncryptCommand({ KeyId: 'alias/aws/s3', Plaintext })), {
    name: 'NotFoundException',
  })
})

test('through a service a user has his own rights and no others', async () => {
  const KeyId = await newKey()
  const through = client(DOCUMENTS, onBehalfOf(ALICE))
  await assert.rejects(
    through.send(new kms.EncryptCommand({ KeyId, Plaintext })),
    refused(/alice is not authorized .* because no identity-based policy/),
  )
  const asAdmin = client(DOCUMENTS, onBehalfOf(ADMIN))
  assert.equal((await asAdmin.send(new kms.EncryptCommand({ KeyId, Plaintext }))).KeyId, KeyId)
})

test('kms:ViaService, aws:ViaAWSService and aws:CalledVia: only through the service, and not directly', async () => {
  const allow = (Condition: object) => ({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/alice` },
    Action: 'kms:Encrypt',
    Resource: '*',
    Condition,
  })
  const conditions = [
    { StringEquals: { 'kms:ViaService': `documents.${REGION}.example.com` } },
    { Bool: { 'aws:ViaAWSService': 'true' } },
    { 'ForAnyValue:StringEquals': { 'aws:CalledVia': OWN_SERVICE } },
    { StringEquals: { 'aws:CalledViaFirst': OWN_SERVICE, 'aws:CalledViaLast': OWN_SERVICE } },
  ]
  for (const condition of conditions) {
    const KeyId = await newKey(allow(condition))
    const encrypt = new kms.EncryptCommand({ KeyId, Plaintext })
    await client(DOCUMENTS, onBehalfOf(ALICE)).send(encrypt)
    await assert.rejects(client(ALICE).send(encrypt), refused(/no identity-based policy/), JSON.stringify(condition))
    // It is for services to say for whom they call: of anybody else the header means nothing.
    await assert.rejects(client(ALICE, onBehalfOf(ADMIN)).send(encrypt), refused(/user\/alice is not authorized/))
  }
})

test('a session goes through with its session policy, and its token must be its own', async () => {
  const KeyId = await newKey()
  const own = { endpoint: keyhold.endpoint, region: REGION }
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*' }],
  })
  const { Credentials } = await new sts.STSClient({ ...own, credentials: ADMIN }).send(
    new sts.GetFederationTokenCommand({ Name: 'guest', Policy }),
  )
  const session = { accessKeyId: Credentials!.AccessKeyId!, sessionToken: Credentials!.SessionToken! }
  const through = client(DOCUMENTS, onBehalfOf(session))
  const { CiphertextBlob } = await through.send(new kms.EncryptCommand({ KeyId, Plaintext }))
  await assert.rejects(through.send(new kms.DecryptCommand({ CiphertextBlob })), refused(/no session policy allows/))
  const invalid = { name: 'UnrecognizedClientException' }
  const mixed = client(DOCUMENTS, onBehalfOf({ ...session, accessKeyId: 'ASIASOMEBODYELSE0001' }))
  const encrypt = new kms.EncryptCommand({ KeyId, Plaintext })
  await assert.rejects(
    mixed.send(encrypt),
    refused(/root is not authorized/),
    'development believes unknown credentials',
  )
  await assert.rejects(client(DOCUMENTS, onBehalfOf(SECRETS_MANAGER)).send(encrypt), invalid)
  await assert.rejects(client(DOCUMENTS, { 'x-keyhold-on-behalf-of-token': session.sessionToken }).send(encrypt), {
    name: 'ValidationException',
  })
  await keyhold.clock.advance({ hours: 37 })
  await assert.rejects(through.send(encrypt), { name: 'ExpiredTokenException' })
  await keyhold.clock.reset()
})

test('a service that calls for itself is judged by the key policy alone', async () => {
  const KeyId = await newKey({
    Effect: 'Allow',
    Principal: { Service: OWN_SERVICE },
    Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
    Resource: '*',
    Condition: {
      Bool: { 'aws:PrincipalIsAWSService': 'true' },
      StringEquals: { 'aws:PrincipalServiceName': OWN_SERVICE, 'aws:SourceAccount': ACCOUNT },
      ArnLike: { 'aws:SourceArn': `arn:aws:documents:${REGION}:${ACCOUNT}:folder/*` },
    },
  })
  const folder = `arn:aws:documents:${REGION}:${ACCOUNT}:folder/a`
  const generate = new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })
  const { CiphertextBlob } = await client(DOCUMENTS, from(folder)).send(generate)
  await client(DOCUMENTS, from(folder)).send(new kms.DecryptCommand({ CiphertextBlob }))
  const denied = refused(
    /^User: documents\.example\.com is not authorized to perform: kms:GenerateDataKey on this resource because no resource-based policy/,
  )
  await assert.rejects(client(DOCUMENTS).send(generate), denied)
  await assert.rejects(client(DOCUMENTS, from(folder, OTHER_ACCOUNT)).send(generate), denied)
  await assert.rejects(client(DOCUMENTS, from(`${folder.replace('folder/', 'file/')}`)).send(generate), denied)
  await assert.rejects(client(SECRETS_MANAGER, from(folder)).send(generate), refused(/^User: secretsmanager/))
  await assert.rejects(
    client(DOCUMENTS, from(folder)).send(new kms.EncryptCommand({ KeyId, Plaintext })),
    refused(/kms:Encrypt/),
  )
  // Of a user's own call the headers mean nothing.
  await assert.rejects(client(ALICE, from(folder)).send(generate), refused(/no identity-based policy/))
  const isUnseen = refused(/on this resource because no resource-based policy allows/)
  const nowhere = `arn:aws:kms:${REGION}:${ACCOUNT}:key/00000000-0000-4000-8000-000000000000`
  await assert.rejects(client(DOCUMENTS).send(new kms.EncryptCommand({ KeyId: nowhere, Plaintext })), isUnseen)
})

test('a service can do nothing without a policy that names it, and no account is its own', async () => {
  const documents = client(DOCUMENTS)
  const denied = refused(/^User: documents\.example\.com is not authorized/)
  await assert.rejects(documents.send(new kms.CreateKeyCommand({})), denied)
  await assert.rejects(documents.send(new kms.ListKeysCommand({})), denied)
  await assert.rejects(documents.send(new kms.GenerateRandomCommand({ NumberOfBytes: 8 })), denied)
  const users = new iam.IAMClient({ endpoint: keyhold.endpoint, region: REGION, credentials: DOCUMENTS })
  await assert.rejects(users.send(new iam.CreateUserCommand({ UserName: 'mallory' })), { name: 'AccessDenied' })
  const tokens = new sts.STSClient({ endpoint: keyhold.endpoint, region: REGION, credentials: DOCUMENTS })
  await assert.rejects(tokens.send(new sts.GetSessionTokenCommand({})), { name: 'AccessDenied' })
  assert.equal((await tokens.send(new sts.GetCallerIdentityCommand({}))).Arn, OWN_SERVICE)
})

test('an explicit deny for calls that are not for this account, and NotPrincipal', async () => {
  const allow = { Effect: 'Allow', Principal: { Service: OWN_SERVICE }, Action: 'kms:Encrypt', Resource: '*' }
  const confused = {
    Effect: 'Deny',
    Principal: '*',
    Action: 'kms:Encrypt',
    Resource: '*',
    Condition: {
      Bool: { 'aws:PrincipalIsAWSService': 'true' },
      StringNotEquals: { 'aws:SourceAccount': ACCOUNT },
    },
  }
  const KeyId = await newKey(allow, confused)
  const encrypt = new kms.EncryptCommand({ KeyId, Plaintext })
  await client(DOCUMENTS, from('arn:aws:documents:::a')).send(encrypt)
  await assert.rejects(client(DOCUMENTS, from('arn:aws:documents:::a', OTHER_ACCOUNT)).send(encrypt), {
    name: 'AccessDeniedException',
  })
  await admin().send(encrypt)

  const Service = ['secretsmanager.amazonaws.com']
  const except = {
    Effect: 'Deny',
    NotPrincipal: { Service, AWS: [ACCOUNT, `arn:aws:iam::${ACCOUNT}:user/admin`] },
    Action: 'kms:Encrypt',
    Resource: '*',
  }
  const exempting = await newKey(allow, { ...allow, Principal: { Service } }, except)
  const there = new kms.EncryptCommand({ KeyId: exempting, Plaintext })
  await client(SECRETS_MANAGER).send(there)
  await assert.rejects(client(DOCUMENTS).send(there), { name: 'AccessDeniedException' })
})

test('grants for a service, bound to a resource of its own, which it retires itself', async () => {
  const KeyId = await newKey()
  const SourceArn = `arn:aws:documents:${REGION}:${ACCOUNT}:folder/*`
  const grant = {
    KeyId,
    GranteeServicePrincipal: OWN_SERVICE,
    RetiringServicePrincipal: OWN_SERVICE,
    Operations: ['Encrypt', 'DescribeKey'],
    Constraints: { SourceArn },
  } as unknown as kms.CreateGrantCommandInput
  const { GrantId, GrantToken } = await admin().send(new kms.CreateGrantCommand(grant))
  const encrypt = new kms.EncryptCommand({ KeyId, Plaintext })
  const folder = `arn:aws:documents:${REGION}:${ACCOUNT}:folder/a`
  await client(DOCUMENTS, from(folder)).send(encrypt)
  await client(DOCUMENTS, from(folder)).send(new kms.DescribeKeyCommand({ KeyId }))
  await assert.rejects(client(DOCUMENTS).send(encrypt), { name: 'AccessDeniedException' })
  await assert.rejects(client(DOCUMENTS, from('arn:aws:documents:::b')).send(encrypt), {
    name: 'AccessDeniedException',
  })
  await assert.rejects(client(SECRETS_MANAGER, from(folder)).send(encrypt), { name: 'AccessDeniedException' })

  const own = new kms.ListRetirableGrantsCommand({ RetiringPrincipal: OWN_SERVICE })
  const { Grants } = await client(DOCUMENTS).send(own)
  assert.deepEqual(
    Grants!.map((entry) => entry.GrantId),
    [GrantId],
  )
  await assert.rejects(client(SECRETS_MANAGER).send(own), { name: 'AccessDeniedException' })
  await assert.rejects(client(SECRETS_MANAGER).send(new kms.RetireGrantCommand({ GrantToken })), {
    name: 'AccessDeniedException',
  })
  await client(DOCUMENTS).send(new kms.RetireGrantCommand({ GrantToken }))
  await assert.rejects(client(DOCUMENTS, from(folder)).send(encrypt), { name: 'AccessDeniedException' })
})

test('kms:GrantIsForAWSResource is true for a grant that a service asks for, for itself or for a user', async () => {
  const Action = ['kms:CreateGrant', 'kms:ListGrants', 'kms:RevokeGrant']
  const Condition = { Bool: { 'kms:GrantIsForAWSResource': 'true' } }
  const Principal = { AWS: `arn:aws:iam::${ACCOUNT}:user/alice`, Service: OWN_SERVICE }
  const KeyId = await newKey({ Effect: 'Allow', Principal, Action, Resource: '*', Condition })
  const grant = { KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:user/alice`, Operations: ['Decrypt' as const] }
  await assert.rejects(client(ALICE).send(new kms.CreateGrantCommand(grant)), { name: 'AccessDeniedException' })
  for (const caller of [client(DOCUMENTS, onBehalfOf(ALICE)), client(DOCUMENTS)]) {
    const { GrantId } = await caller.send(new kms.CreateGrantCommand(grant))
    const { Grants } = await caller.send(new kms.ListGrantsCommand({ KeyId }))
    assert.equal(Grants!.at(-1)!.IssuingAccount, `arn:aws:iam::${ACCOUNT}:root`)
    await caller.send(new kms.RevokeGrantCommand({ KeyId, GrantId }))
  }
})

test('a service assumes a role that trusts it, and nothing else does', async () => {
  const admins = { endpoint: keyhold.endpoint, region: REGION, credentials: ADMIN }
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: OWN_SERVICE }, Action: 'sts:AssumeRole' }],
  })
  const { Role } = await new iam.IAMClient(admins).send(
    new iam.CreateRoleCommand({ RoleName: 'of-documents', AssumeRolePolicyDocument }),
  )
  const assume = new sts.AssumeRoleCommand({ RoleArn: Role!.Arn!, RoleSessionName: 'one' })
  const asService = (credentials: typeof DOCUMENTS) => new sts.STSClient({ ...admins, credentials })
  const { AssumedRoleUser } = await asService(DOCUMENTS).send(assume)
  assert.equal(AssumedRoleUser!.Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/of-documents/one`)
  await assert.rejects(asService(SECRETS_MANAGER).send(assume), { name: 'AccessDenied' })
  await assert.rejects(asService(ADMIN).send(assume), { name: 'AccessDenied' })
})

test('policies and grants name services of AWS, and others that there are', async () => {
  const statement = (Service: string) => ({
    Effect: 'Allow',
    Principal: { Service },
    Action: 'kms:Decrypt',
    Resource: '*',
  })
  await newKey(statement('ec2.amazonaws.com'), statement(OWN_SERVICE))
  for (const unknown of ['unknown.example.com', 's3.amazonaws.com.evil.example', 'amazonaws.com']) {
    await assert.rejects(newKey(statement(unknown)), {
      name: 'MalformedPolicyDocumentException',
      message: 'Policy contains a statement with one or more invalid principals.',
    })
  }
  const KeyId = await newKey()
  const grant = {
    KeyId,
    GranteeServicePrincipal: 'unknown.example.com',
    RetiringServicePrincipal: OWN_SERVICE,
    Operations: ['Decrypt'],
    Constraints: { SourceArn: 'arn:aws:x:::y' },
  } as unknown as kms.CreateGrantCommandInput
  await assert.rejects(admin().send(new kms.CreateGrantCommand(grant)), { name: 'ValidationException' })
})

test('headers of a service that make no sense', async () => {
  const KeyId = await newKey()
  const describe = new kms.DescribeKeyCommand({ KeyId })
  for (const headers of [
    { 'x-amz-source-arn': 'folder' },
    { 'x-amz-source-account': '12' },
    { 'x-amz-source-arn': `arn:${'x'.repeat(2050)}` },
  ]) {
    await assert.rejects(client(DOCUMENTS, headers).send(describe), { name: 'ValidationException' })
  }
})
