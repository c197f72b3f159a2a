/** The policies of users and roles, read from the store and compiled (authorization.md section 2). */
import type { Tag } from '../keys/key.ts'
import { compilePolicy } from '../policy/compile-policy.ts'
import { awsManagedPolicy } from './aws-managed-policies.ts'
import type { IdentityReader } from './identity-store.ts'
import type { NamedPolicy } from './rights.ts'

export interface EntityPolicies {
  readonly account: string
  /** Own inline and managed policies, then those of groups. */
  readonly identityPolicies: readonly NamedPolicy[]
  readonly boundary: NamedPolicy | undefined
  readonly tags: readonly Tag[]
}

/** A managed policy that is attached cannot be deleted: it was detached and deleted while the others were read. */
export class PolicyGone extends Error {}

/** @returns `undefined` if there is no such user. @throws {PolicyGone} */
export async function readUserPolicies(reader: IdentityReader, userId: string): Promise<EntityPolicies | undefined> {
  const user = await reader.findUserById(userId)
  if (user === undefined) return undefined
  const owners = [userId, ...(await reader.listGroupsOfUser(userId)).map(({ groupId }) => groupId)]
  return readPolicies(reader, user, owners)
}

/** @returns `undefined` if there is no such role. @throws {PolicyGone} */
export async function readRolePolicies(reader: IdentityReader, roleId: string): Promise<EntityPolicies | undefined> {
  const role = await reader.findRoleById(roleId)
  return role && readPolicies(reader, role, [roleId])
}

/** In its default version. @returns `undefined` if there is no such policy. */
export async function managedPolicyDocument(reader: IdentityReader, arn: string): Promise<string | undefined> {
  const ofAws = awsManagedPolicy(arn)
  if (ofAws !== undefined) return ofAws.document
  const policy = await reader.findManagedPolicy(arn)
  if (policy === undefined) return undefined
  return (await reader.findPolicyVersion(arn, policy.defaultVersion))?.document
}

/** @throws {PolicyGone} */
export async function readManagedPolicy(reader: IdentityReader, arn: string): Promise<NamedPolicy> {
  const document = await managedPolicyDocument(reader, arn)
  if (document === undefined) throw new PolicyGone(`the managed policy ${arn} is gone`)
  return { name: arn, policy: compilePolicy(document) }
}

interface Facts {
  readonly account: string
  readonly tags: readonly Tag[]
  readonly boundaryArn: string | undefined
}

async function readPolicies(
  reader: IdentityReader,
  { account, tags, boundaryArn }: Facts,
  ownerIds: readonly string[],
): Promise<EntityPolicies> {
  const identityPolicies: NamedPolicy[] = []
  for (const ownerId of ownerIds) {
    for (const { policyName, document } of await reader.listInlinePolicies(ownerId)) {
      identityPolicies.push({ name: policyName, policy: compilePolicy(document) })
    }
    for (const { policyArn } of await reader.listAttachments(ownerId)) {
      identityPolicies.push(await readManagedPolicy(reader, policyArn))
    }
  }
  const boundary = boundaryArn === undefined ? undefined : await readManagedPolicy(reader, boundaryArn)
  return Object.freeze({ account, identityPolicies, boundary, tags })
}
