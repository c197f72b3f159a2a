/** Condition keys that come from the connection and its headers (authorization.md 3.3), over the wire with a real client. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteUserPolicyCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { type Keyhold, startKeyhold } from '../../src/index.ts'

const ACCOUNT = '111122223333'
const ARN = `arn:aws:iam::${ACCOUNT}:user/team/alice`
const REFERER = 'https://console.example/keys'

let keyhold: Keyhold
let iam: IAMClient
let alice: KMSClient
let userId: string

before(async () => {
  keyhold = await startKeyhold()
  // Development mode takes 12 digits for the root of an account.
  iam = new IAMClient({ ...keyhold, credentials: { accessKeyId: ACCOUNT, secretAccessKey: 'x' } })
  const Tags = [{ Key: 'Department', Value: 'pay' }]
  const { User } = await iam.send(new CreateUserCommand({ UserName: 'alice', Path: '/team/', Tags }))
  userId = User!.UserId!
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'alice' }))
  const credentials = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! }
  const settings = { endpoint: keyhold.endpoint, region: 'eu-west-3', maxAttempts: 1, customUserAgent: 'payroll/7' }
  alice = new KMSClient({ ...settings, credentials })
  alice.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers.referer = REFERER
      return next(args)
    },
    { step: 'build' },
  )
})

after(async () => {
  alice.destroy()
  iam.destroy()
  await keyhold.stop()
})

async function mayList(Condition: object): Promise<boolean> {
  const Statement = { Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*', Condition }
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement })
  const policy = { UserName: 'alice', PolicyName: 'conditional' }
  await iam.send(new PutUserPolicyCommand({ ...policy, PolicyDocument }))
  try {
    await alice.send(new ListKeysCommand({}))
    return true
  } catch (error) {
    assert.equal((error as Error).name, 'AccessDeniedException')
    return false
  } finally {
    await iam.send(new DeleteUserPolicyCommand(policy))
  }
}

const minutesFromNow = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()

const HOLD: Readonly<Record<string, () => object>> = {
  'aws:SourceIp': () => ({ IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }),
  'aws:SecureTransport': () => ({ Bool: { 'aws:SecureTransport': 'false' } }),
  'aws:UserAgent': () => ({ StringLike: { 'aws:UserAgent': 'aws-sdk-js/* payroll/7*' } }),
  'aws:referer': () => ({ StringEquals: { 'aws:referer': REFERER } }),
  'aws:RequestedRegion': () => ({ StringEquals: { 'aws:RequestedRegion': 'eu-west-3' } }),
  'aws:CurrentTime': () => ({
    DateGreaterThan: { 'aws:CurrentTime': minutesFromNow(-5) },
    DateLessThan: { 'aws:CurrentTime': minutesFromNow(5) },
  }),
  'aws:EpochTime': () => ({ NumericGreaterThan: { 'aws:EpochTime': Math.floor(Date.now() / 1000) - 300 } }),
  'aws:PrincipalArn': () => ({ ArnEquals: { 'aws:PrincipalArn': ARN } }),
  'aws:PrincipalAccount': () => ({ StringEquals: { 'aws:PrincipalAccount': ACCOUNT } }),
  'aws:PrincipalType': () => ({ StringEquals: { 'aws:PrincipalType': 'User' } }),
  'aws:userid': () => ({ StringEquals: { 'aws:userid': userId } }),
  'aws:username': () => ({ StringEquals: { 'aws:username': 'alice' } }),
  'aws:PrincipalTag': () => ({ StringEquals: { 'aws:PrincipalTag/department': 'pay' } }),
  'aws:PrincipalIsAWSService': () => ({ Bool: { 'aws:PrincipalIsAWSService': 'false' } }),
  'aws:ViaAWSService': () => ({ Bool: { 'aws:ViaAWSService': 'false' } }),
  'aws:ResourceAccount': () => ({ StringEquals: { 'aws:ResourceAccount': ACCOUNT } }),
}

for (const [key, condition] of Object.entries(HOLD)) {
  test(`${key} has the value of the request`, async () => {
    assert.equal(await mayList(condition()), true)
  })
}

test('what the request does not have is absent: keys of sessions, of services and of networks of AWS', async () => {
  const absent = [
    'aws:TokenIssueTime',
    'aws:MultiFactorAuthPresent',
    'aws:MultiFactorAuthAge',
    'aws:FederatedProvider',
    'aws:SourceIdentity',
    'aws:PrincipalTag/other',
    'aws:PrincipalServiceName',
    'aws:PrincipalOrgID',
    'aws:SourceVpc',
    'aws:SourceVpce',
    'aws:VpcSourceIp',
    'aws:SourceArn',
    'aws:SourceAccount',
    'aws:CalledVia',
  ]
  const isAbsent = (value: boolean) => ({ Null: Object.fromEntries(absent.map((key) => [key, value])) })
  assert.equal(await mayList(isAbsent(true)), true)
  for (const key of absent) assert.equal(await mayList({ Null: { [key]: 'false' } }), false, key)
})

test('another address, Region, agent, page or user is none of them', async () => {
  const wrong = [
    { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    { Bool: { 'aws:SecureTransport': 'true' } },
    { StringLike: { 'aws:UserAgent': '*boto3*' } },
    { StringLike: { 'aws:referer': 'https://elsewhere.example/*' } },
    { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } },
    { DateLessThan: { 'aws:CurrentTime': minutesFromNow(-5) } },
    { ArnEquals: { 'aws:PrincipalArn': ARN.replace('/team', '') } },
    { StringEquals: { 'aws:username': 'Alice' } },
  ]
  for (const condition of wrong) assert.equal(await mayList(condition), false, JSON.stringify(condition))
})
