/**
 * Who may do what with an AWS managed key (lifecycle.md MGD-2, MGD-3, MGD-6): everybody in the account uses it, but only
 * through its service; the account itself may look at it. Nobody else's policy can change that.
 */
import { partitionOf } from '../../base/arn.ts'
import { printPolicy } from '../policy/policy-text.ts'
import type { ManagingService } from './predefined.ts'

const THROUGH_THE_SERVICE = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:ReEncrypt*',
  'kms:GenerateDataKey*',
  'kms:CreateGrant',
  'kms:DescribeKey',
]
const BY_THE_ACCOUNT = ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant']

/** As recorded of the queue service's key; the others differ a little on AWS. */
export function servicePolicy(
  { name, title, shortTitle, endpoint }: ManagingService,
  account: string,
  region: string,
): string {
  const throughTheService = {
    Sid: `Allow access through ${title} for all principals in the account that are authorized to use ${shortTitle}`,
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action: THROUGH_THE_SERVICE,
    Resource: '*',
    Condition: {
      StringEquals: { 'kms:ViaService': `${endpoint}.${region}.amazonaws.com`, 'kms:CallerAccount': account },
    },
  }
  const byTheAccount = {
    Sid: 'Allow direct access to key metadata to the account',
    Effect: 'Allow',
    Principal: { AWS: `arn:${partitionOf(region)}:iam::${account}:root` },
    Action: BY_THE_ACCOUNT,
    Resource: '*',
  }
  const policy = { Version: '2012-10-17', Id: `auto-${name}-1`, Statement: [throughTheService, byTheAccount] }
  return printPolicy(JSON.stringify(policy))
}
