/** The key policy that AWS's console writes for chosen administrators and users. */
import type { KeyDraft } from './key-draft.ts'

interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Principal: { readonly AWS: string | readonly string[] }
  readonly Action: string | readonly string[]
  readonly Resource: '*'
  readonly Condition?: object
}

const ADMINISTRATION: readonly string[] = [
  'kms:Create*',
  'kms:Describe*',
  'kms:Enable*',
  'kms:List*',
  'kms:Put*',
  'kms:Update*',
  'kms:Revoke*',
  'kms:Disable*',
  'kms:Get*',
  'kms:Delete*',
  'kms:TagResource',
  'kms:UntagResource',
]
const DELETION: readonly string[] = ['kms:ScheduleKeyDeletion', 'kms:CancelKeyDeletion']

type Choices = Pick<
  KeyDraft,
  'type' | 'usage' | 'spec' | 'origin' | 'isMultiRegion' | 'administrators' | 'mayDelete' | 'users'
>

/** @returns JSON with line breaks. */
export function policyOfDraft(account: string, draft: Choices): string {
  const statements = [accountStatement(account), ...administratorStatements(draft), ...userStatements(draft)]
  return JSON.stringify({ Version: '2012-10-17', Id: 'key-consolepolicy-3', Statement: statements }, undefined, 2)
}

/** Without it, nobody could help a key whose administrators are gone. */
function accountStatement(account: string): Statement {
  return {
    Sid: 'Enable IAM User Permissions',
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: 'kms:*',
    Resource: '*',
  }
}

function administratorStatements(draft: Choices): readonly Statement[] {
  const { administrators, mayDelete, origin, isMultiRegion, spec } = draft
  if (administrators.length === 0) return []
  const actions = [
    ...ADMINISTRATION,
    ...(mayDelete ? DELETION : []),
    ...(spec === 'SYMMETRIC_DEFAULT' ? ['kms:RotateKeyOnDemand'] : []),
    ...(origin === 'EXTERNAL' ? ['kms:ImportKeyMaterial'] : []),
    ...(isMultiRegion ? ['kms:ReplicateKey'] : []),
  ]
  return [allow('Allow access for Key Administrators', administrators, actions)]
}

function userStatements(draft: Choices): readonly Statement[] {
  if (draft.users.length === 0) return []
  const attachment = allow('Allow attachment of persistent resources', draft.users, [
    'kms:CreateGrant',
    'kms:ListGrants',
    'kms:RevokeGrant',
  ])
  return [
    allow('Allow use of the key', draft.users, usageActions(draft)),
    { ...attachment, Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } } },
  ]
}

function usageActions({ type, usage }: Choices): readonly string[] {
  const publicKey = type === 'asymmetric' ? ['kms:GetPublicKey'] : []
  switch (usage) {
    case 'SIGN_VERIFY':
      return ['kms:DescribeKey', ...publicKey, 'kms:Sign', 'kms:Verify']
    case 'GENERATE_VERIFY_MAC':
      return ['kms:DescribeKey', 'kms:GenerateMac', 'kms:VerifyMac']
    case 'KEY_AGREEMENT':
      return ['kms:DescribeKey', ...publicKey, 'kms:DeriveSharedSecret']
    default: {
      const dataKeys = type === 'symmetric' ? ['kms:GenerateDataKey*'] : []
      return ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', ...dataKeys, 'kms:DescribeKey', ...publicKey]
    }
  }
}

function allow(sid: string, principals: readonly string[], actions: readonly string[]): Statement {
  return { Sid: sid, Effect: 'Allow', Principal: { AWS: principals }, Action: actions, Resource: '*' }
}
