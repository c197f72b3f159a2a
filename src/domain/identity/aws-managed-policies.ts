/**
 * The managed policies that every account has without making them (authorization.md 6.1): AWS's names and identifiers,
 * contents of our own, for what this service offers.
 */
import type { StoredManagedPolicy } from './entities.ts'

/** An AWS managed policy has one version, `v1`, and cannot be changed. */
export interface AwsManagedPolicy extends StoredManagedPolicy {
  /** JSON text. */
  readonly document: string
}

/** In the place of the account number in their ARNs. */
export const AWS_ACCOUNT = 'aws'

const PREFIX = `arn:aws:iam::${AWS_ACCOUNT}:policy`
/** Part of every installation, so that none of them has made it. */
const MADE_AT = Date.UTC(2015, 1, 6, 18, 40)

interface Statement {
  readonly Effect: 'Allow'
  readonly Action: string | readonly string[]
  readonly Resource: '*'
}

function allow(...actions: readonly string[]): Statement {
  return { Effect: 'Allow', Action: actions.length === 1 ? actions[0]! : actions, Resource: '*' }
}

function managed(policyName: string, policyId: string, description: string, statement: Statement): AwsManagedPolicy {
  return Object.freeze({
    account: AWS_ACCOUNT,
    policyName,
    policyId,
    path: '/',
    arn: `${PREFIX}/${policyName}`,
    description,
    createdAt: MADE_AT,
    updatedAt: MADE_AT,
    defaultVersion: 1,
    newestVersion: 1,
    tags: [],
    document: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }, null, 2),
  })
}

/** In order of name. */
export const AWS_MANAGED_POLICIES: readonly AwsManagedPolicy[] = [
  managed('AdministratorAccess', 'ANPAIWMBCKSKIEE64ZLYK', 'Everything, on every resource.', allow('*')),
  managed(
    'AWSKeyManagementServicePowerUser',
    'ANPAJNPP7PPPPMJRV2SA4',
    'Makes keys and aliases, labels them and looks at them; neither uses nor deletes keys.',
    allow(
      'kms:CreateAlias',
      'kms:CreateKey',
      'kms:DeleteAlias',
      'kms:Describe*',
      'kms:GenerateRandom',
      'kms:Get*',
      'kms:List*',
      'kms:TagResource',
      'kms:UntagResource',
      'iam:ListGroups',
      'iam:ListRoles',
      'iam:ListUsers',
    ),
  ),
  managed('IAMFullAccess', 'ANPAI7XKCFMBPM3QQRRVQ', 'Everything that IAM offers.', allow('iam:*')),
  managed(
    'ReadOnlyAccess',
    'ANPAILL3HVNFSB6DCOWYQ',
    'Looks at keys, identities and events; neither uses nor changes them.',
    allow(
      'cloudtrail:LookupEvents',
      'iam:Get*',
      'iam:List*',
      'iam:Simulate*',
      'kms:Describe*',
      'kms:Get*',
      'kms:List*',
      'sts:GetAccessKeyInfo',
      'sts:GetCallerIdentity',
      'sts:GetSessionToken',
    ),
  ),
]

const BY_ARN: ReadonlyMap<string, AwsManagedPolicy> = new Map(
  AWS_MANAGED_POLICIES.map((policy) => [policy.arn, policy]),
)

/** `undefined` for every other ARN. */
export function awsManagedPolicy(arn: string): AwsManagedPolicy | undefined {
  return BY_ARN.get(arn)
}
