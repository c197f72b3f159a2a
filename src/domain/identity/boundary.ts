/** Permissions boundaries: managed policies that limit a user or role (authorization.md 2.3). */
import { KmsError } from '../../base/errors.ts'
import { awsManagedPolicy } from './aws-managed-policies.ts'
import { parseEntityArn } from './entity-name.ts'
import type { IdentityReader } from './identity-store.ts'

/**
 * A boundary is a managed policy of the same account or of AWS.
 * @throws {KmsError} `InvalidInput` for what is no ARN of a policy, `NoSuchEntity`
 */
export async function checkBoundary(reader: IdentityReader, account: string, policyArn: string): Promise<void> {
  if (parseEntityArn(policyArn)?.kind !== 'policy') {
    throw new KmsError('InvalidInput', `ARN ${policyArn} is not valid.`)
  }
  if (awsManagedPolicy(policyArn) !== undefined) return
  const policy = await reader.findManagedPolicy(policyArn)
  if (policy?.account === account) return
  throw new KmsError('NoSuchEntity', `Scope ARN: ${policyArn} does not exist or is not attachable.`)
}
