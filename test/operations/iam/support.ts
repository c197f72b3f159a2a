/** What the tests of IAM's operations share: calls below the wire, callers, policies, failures. */
import type { Principal } from '../../../src/domain/principal.ts'
import { operationsOf } from '../../../src/operations/index.ts'
import { ACCOUNT, type Answer, type Harness, userOf } from '../../support/harness.ts'

/** IAM's requests are signed for this Region wherever the server stands (authorization.md 6.2). */
const IAM_REGION = 'us-east-1'

/** Calls an operation of IAM as the account's administrator, or as `principal`. */
export function callIam(
  harness: Harness,
  name: string,
  body: object = {},
  principal: Principal = userOf(ACCOUNT),
): Promise<Answer> {
  const operation = operationsOf.iam.get(name)
  if (operation === undefined) throw new Error(`no operation ${name}`)
  return harness.service.execute(operation, body, {
    principal,
    region: IAM_REGION,
    requestId: crypto.randomUUID(),
    time: harness.clock.now(),
    sourceIp: '127.0.0.1',
    userAgent: 'harness',
    tls: undefined,
  })
}

/** A user that is there, as a caller. */
export async function asUser(harness: Harness, userName: string, account = ACCOUNT): Promise<Principal> {
  const user = await harness.store.findUser(account, userName)
  if (user === undefined) throw new Error(`no user ${userName}`)
  const arn = `arn:aws:iam::${account}:user${user.path}${user.userName}`
  return {
    type: 'IAMUser',
    account,
    arn,
    principalId: user.userId,
    entityId: user.userId,
    principalArn: arn,
    userName: user.userName,
    accessKeyId: 'AKIAEXAMPLEEXAMPLE02',
  }
}

export function asRoot(account = ACCOUNT): Principal {
  const arn = `arn:aws:iam::${account}:root`
  return {
    type: 'Root',
    account,
    arn,
    principalId: account,
    entityId: account,
    principalArn: arn,
    accessKeyId: 'AKIAEXAMPLEEXAMPLE03',
  }
}

/** A session of a role that is there. */
export async function asRole(harness: Harness, roleName: string, account = ACCOUNT): Promise<Principal> {
  const role = await harness.store.findRole(account, roleName)
  if (role === undefined) throw new Error(`no role ${roleName}`)
  return {
    type: 'AssumedRole',
    account,
    arn: `arn:aws:sts::${account}:assumed-role/${role.roleName}/s1`,
    principalId: `${role.roleId}:s1`,
    entityId: role.roleId,
    principalArn: `arn:aws:iam::${account}:role${role.path}${role.roleName}`,
    accessKeyId: 'ASIAEXAMPLEEXAMPLE04',
    session: {
      issuedAt: harness.clock.now(),
      expiresAt: harness.clock.now() + 3_600_000,
      name: 's1',
      roleName: role.roleName,
      tags: [],
      transitiveTagKeys: [],
      chainDepth: 1,
      policyArns: [],
    },
  }
}

export function iamArn(kind: 'user' | 'role' | 'group' | 'policy', name: string, account = ACCOUNT): string {
  return `arn:aws:iam::${account}:${kind}/${name}`
}

export interface Statement {
  readonly Effect?: 'Allow' | 'Deny'
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: object
}

export function policyDocument(...statements: readonly Statement[]): string {
  const Statement = statements.map((statement) => ({ Effect: 'Allow', ...statement }))
  return JSON.stringify({ Version: '2012-10-17', Statement })
}

/** Any role needs somebody whom it trusts. */
export const TRUST_POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: ACCOUNT } }],
})

/** A new user who may do exactly what the statements say. */
export async function newUser(
  harness: Harness,
  userName: string,
  ...statements: readonly Statement[]
): Promise<Principal> {
  await callIam(harness, 'CreateUser', { UserName: userName })
  if (statements.length > 0) {
    const PolicyDocument = policyDocument(...statements)
    await callIam(harness, 'PutUserPolicy', { UserName: userName, PolicyName: 'rights', PolicyDocument })
  }
  return asUser(harness, userName)
}

/** authorization.md A-1. @param resource as refusals call it: {@link shownName}, or the ARN. */
export function notAllowed({ arn }: Principal, permission: string, resource: string): string {
  return `User: ${arn} is not authorized to perform: ${permission} on resource: ${resource} because no identity-based policy allows the ${permission} action`
}

/**
 * What a refusal of IAM calls the entity of this ARN: `user alice`, without the path, but `policy arn:…`. So AWS's answers read in public reports of them
 * (aws/aws-cdk #27067: `iam:GetRole on resource: role cdk-…`; its documents: `iam:AttachRolePolicy on resource: role daxServiceRole`). What is made, and
 * providers, it calls by their ARN.
 */
export function shownName(arn: string): string {
  const [, kind] = /^arn:aws:iam::\w*:([a-z]+)\//.exec(arn)!
  return kind === 'policy' ? `policy ${arn}` : `${kind} ${arn.split('/').at(-1)}`
}

/** What IAM says of a name, in place of the pattern that its model has. */
export function wrongCharacters(path: string): string {
  return `The specified value for ${path} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`
}
