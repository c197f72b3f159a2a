/** The operator's guard policy over the wire: it binds whoever calls, and tells no more than AWS does (authorization.md E-13). */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  KMSClient,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { type Keyhold, startKeyhold } from '../../src/index.ts'

const ACCOUNT = '111122223333'
const OTHER = '444455556666'
const ROLE = `arn:aws:iam::${ACCOUNT}:role/batch`
const EVERYTHING = { Effect: 'Allow', Action: '*', Resource: '*' }
const NOBODY_DELETES = { Sid: 'NobodyDeletes', Effect: 'Deny', Action: 'kms:ScheduleKeyDeletion', Resource: '*' }
const ONLY_EUROPE = {
  Effect: 'Deny',
  NotAction: ['iam:*', 'sts:*'],
  Resource: '*',
  Condition: { StringNotLike: { 'aws:RequestedRegion': 'eu-*' } },
}
const BY_ALIAS = {
  Effect: 'Deny',
  Action: 'kms:DisableKey',
  Resource: '*',
  Condition: { 'ForAnyValue:StringLike': { 'kms:ResourceAliases': 'alias/precious-*' } },
}
const NO_DATA_KEYS = { Effect: 'Deny', Action: 'kms:GenerateDataKeyWithoutPlaintext', Resource: '*' }
const GUARD = { Version: '2012-10-17', Statement: [EVERYTHING, NOBODY_DELETES, ONLY_EUROPE, BY_ALIAS, NO_DATA_KEYS] }
const folder = mkdtempSync(join(tmpdir(), 'keyhold-guard-'))

let keyhold: Keyhold
let root: KMSClient
let iam: IAMClient
const clients: { destroy(): void }[] = []

function open<C extends { destroy(): void }>(Client: new (options: object) => C, credentials: object, options = {}): C {
  const client = new Client({
    endpoint: keyhold.endpoint,
    region: 'eu-central-1',
    maxAttempts: 1,
    credentials,
    ...options,
  })
  clients.push(client)
  return client
}

/** Development mode takes 12 digits for the root of an account. */
const rootOf = (account: string) => ({ accessKeyId: account, secretAccessKey: 'x' })

before(async () => {
  keyhold = await startKeyhold({ guardPolicy: GUARD })
  root = open(KMSClient, rootOf(ACCOUNT))
  iam = open(IAMClient, rootOf(ACCOUNT))
})

after(async () => {
  for (const client of clients) client.destroy()
  await keyhold.stop()
  rmSync(folder, { recursive: true })
})

const newKey = async () => (await root.send(new CreateKeyCommand({}))).KeyMetadata!

function denied(who: string, action: string, where: string) {
  const text = `User: ${who} is not authorized to perform: ${action} ${where} with an explicit deny in a service control policy`
  return { name: 'AccessDeniedException', message: text }
}

test('root is bound by it, and may do what it leaves', async () => {
  const { KeyId, Arn } = await newKey()
  const arn = `arn:aws:iam::${ACCOUNT}:root`
  await assert.rejects(
    root.send(new ScheduleKeyDeletionCommand({ KeyId })),
    denied(arn, 'kms:ScheduleKeyDeletion', `on resource: ${Arn}`),
  )
  await root.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
  const elsewhere = open(KMSClient, rootOf(ACCOUNT), { region: 'us-east-1' })
  await assert.rejects(elsewhere.send(new CreateKeyCommand({})), denied(arn, 'kms:CreateKey', 'on resource: *'))
  await open(STSClient, rootOf(ACCOUNT), { region: 'us-east-1' }).send(new GetCallerIdentityCommand({}))
})

test('a condition on aliases, which only its look-up knows, counts in it', async () => {
  const { KeyId } = await newKey()
  await root.send(new DisableKeyCommand({ KeyId }))
  const { KeyId: precious } = await newKey()
  await root.send(new CreateAliasCommand({ AliasName: 'alias/precious-1', TargetKeyId: precious }))
  await assert.rejects(root.send(new DisableKeyCommand({ KeyId: precious })), /service control policy/)
})

test('users and sessions of roles are bound, and are given nothing by it', async () => {
  const all = { Version: '2012-10-17', Statement: EVERYTHING }
  await iam.send(new CreateUserCommand({ UserName: 'alice' }))
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }))
  const credentials = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! }
  const alice = open(KMSClient, credentials)
  const { KeyId } = await newKey()
  const encrypt = new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })
  await assert.rejects(alice.send(encrypt), /because no identity-based policy allows/)
  const PolicyDocument = JSON.stringify(all)
  await iam.send(new PutUserPolicyCommand({ UserName: 'alice', PolicyName: 'all', PolicyDocument }))
  await alice.send(encrypt)
  await assert.rejects(alice.send(new ScheduleKeyDeletionCommand({ KeyId })), /in a service control policy$/)

  const trust = {
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' },
  }
  await iam.send(new CreateRoleCommand({ RoleName: 'batch', AssumeRolePolicyDocument: JSON.stringify(trust) }))
  await iam.send(new PutRolePolicyCommand({ RoleName: 'batch', PolicyName: 'all', PolicyDocument }))
  const sts = open(STSClient, credentials)
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'nightly' }))
  const batch = open(KMSClient, {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  })
  await batch.send(encrypt)
  await assert.rejects(batch.send(new ScheduleKeyDeletionCommand({ KeyId })), /in a service control policy$/)
})

test('callers of other accounts are bound too, and no ARN is echoed to them', async () => {
  const { KeyId, Arn } = await newKey()
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [ACCOUNT, OTHER].map((account) => {
      return { Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' }
    }),
  })
  await root.send(new PutKeyPolicyCommand({ KeyId, Policy }))
  const guest = open(KMSClient, rootOf(OTHER), { region: 'eu-central-1' })
  await guest.send(new DescribeKeyCommand({ KeyId: Arn }))
  await assert.rejects(
    guest.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId: Arn, KeySpec: 'AES_256' })),
    denied(`arn:aws:iam::${OTHER}:root`, 'kms:GenerateDataKeyWithoutPlaintext', 'on this resource'),
  )
  // Of a key that is closed to him, and for what no other account may do, he hears what everybody hears.
  const closed = new GenerateDataKeyWithoutPlaintextCommand({ KeyId: (await newKey()).Arn, KeySpec: 'AES_256' })
  await assert.rejects(guest.send(closed), /because the resource does not exist in this Region/)
  const notForGuests = new ScheduleKeyDeletionCommand({ KeyId: Arn })
  await assert.rejects(guest.send(notForGuests), /because the resource does not exist in this Region/)
})

test('SimulatePrincipalPolicy follows it in the words for organizations, SimulateCustomPolicy asks the policies alone', async () => {
  const ActionNames = ['kms:Encrypt', 'kms:ScheduleKeyDeletion']
  const ContextEntries = [
    { ContextKeyName: 'aws:RequestedRegion', ContextKeyType: 'string' as const, ContextKeyValues: ['eu-west-1'] },
  ]
  const PolicySourceArn = `arn:aws:iam::${ACCOUNT}:user/alice`
  const answer = await iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames, ContextEntries }))
  const results = answer.EvaluationResults!.map(({ EvalDecision, OrganizationsDecisionDetail, MatchedStatements }) => [
    EvalDecision,
    OrganizationsDecisionDetail?.AllowedByOrganizations,
    MatchedStatements!.map(({ SourcePolicyId }) => SourcePolicyId),
  ])
  assert.deepEqual(results, [
    ['allowed', true, ['all']],
    ['explicitDeny', false, ['guard-policy']],
  ])
  const PolicyInputList = [JSON.stringify({ Version: '2012-10-17', Statement: EVERYTHING })]
  const custom = await iam.send(new SimulateCustomPolicyCommand({ PolicyInputList, ActionNames, ContextEntries }))
  assert.deepEqual(
    custom.EvaluationResults!.map(({ EvalDecision, OrganizationsDecisionDetail }) => [
      EvalDecision,
      OrganizationsDecisionDetail,
    ]),
    [
      ['allowed', undefined],
      ['allowed', undefined],
    ],
  )
})

test('it can be a file, and one that cannot be meant is refused', async () => {
  const path = join(folder, 'guard.json')
  writeFileSync(path, JSON.stringify({ Version: '2012-10-17', Statement: [EVERYTHING, NOBODY_DELETES] }))
  const other = await startKeyhold({ guardPolicy: path })
  const client = new KMSClient({ ...other, maxAttempts: 1 })
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
  await assert.rejects(client.send(new ScheduleKeyDeletionCommand({ KeyId: KeyMetadata!.KeyId })), /service control/)
  client.destroy()
  await other.stop()

  const wrong: readonly (readonly [guardPolicy: object | string, says: RegExp])[] = [
    [
      { Version: '2012-10-17', Statement: NOBODY_DELETES },
      /guardPolicy: it allows nothing, so nobody could do anything/,
    ],
    [{ Version: '2012-10-17', Statement: { ...EVERYTHING, Principal: '*' } }, /should not specify a principal/],
    [
      { Version: '2012-10-17', Statement: { ...EVERYTHING, Effect: 'allow' } },
      /Syntax errors in policy|legacy parsing/,
    ],
    [{ Version: '2012-10-17', Statement: [EVERYTHING], Rules: [] }, /Syntax errors in policy|legacy parsing/],
    [{}, /guardPolicy: (?:Syntax errors in policy|The policy failed legacy parsing)/],
    [join(folder, 'none.json'), /--guard-policy: cannot use .*none\.json: .*no such file/],
  ]
  for (const [guardPolicy, says] of wrong) await assert.rejects(startKeyhold({ guardPolicy }), says)
})
