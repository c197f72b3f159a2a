/**
 * Who may do what with an AWS managed key (lifecycle.md MGD-2, MGD-3, MGD-6): everybody in the account uses it, but only
 * through its service; the account itself may look at it. Nobody else's policy can change that.
 */
import { partitionOf } from '../../base/arn.ts'
import { KmsError } from '../../base/errors.ts'
import type { Key } from '../keys/key.ts'
import { printPolicy } from '../policy/policy-text.ts'
import type { Principal } from '../principal.ts'
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

/**
 * No call comes through a service, so what the account itself may do is all that can be done (MGD-3). Holds whatever the
 * policies of the caller say: it is asked after they allowed the call.
 *
 * @param action `kms:DisableKey`
 * @throws {KmsError} `AccessDeniedException`, authorization.md A-2.
 */
export function checkManagedKeyAction({ manager, arn }: Key, principal: Principal, action: string): void {
  if (manager !== 'AWS' || BY_THE_ACCOUNT.some((pattern) => fits(pattern, action))) return
  const reason = `because no resource-based policy allows the ${action} action`
  const text = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${arn} ${reason}`
  throw new KmsError('AccessDeniedException', text)
}

function fits(pattern: string, action: string): boolean {
  return pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : action === pattern
}
