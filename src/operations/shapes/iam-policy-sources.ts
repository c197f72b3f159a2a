/** Users, groups and roles whose policies a request asks about, named by ARN, and these policies. */
import { KmsError } from '../../base/errors.ts'
import { AWS_ACCOUNT } from '../../domain/identity/aws-managed-policies.ts'
import type { OwnerKind } from '../../domain/identity/entities.ts'
import { type EntityName, parseEntityArn } from '../../domain/identity/entity-name.ts'
import { managedPolicyDocument } from '../../domain/identity/entity-policies.ts'
import { noSuchOwner } from '../../domain/identity/iam-errors.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import type { SimulatedPolicy } from '../../domain/policy/simulation.ts'
import type { EntityLookup, LocatedEntity } from '../../pipeline/operation.ts'
import { GROUP, type Owner, type OwnerType, ROLE, USER } from './iam-owners.ts'

const TYPES: Readonly<Record<string, OwnerType>> = { user: USER, group: GROUP, role: ROLE }

interface Source {
  readonly type: OwnerType
  readonly entity: EntityName
}

/** @throws {KmsError} `InvalidInput` */
export function sourceOf(arn: string): Source {
  const entity = parseEntityArn(arn)
  const type = entity && TYPES[entity.kind]
  if (type === undefined) throw new KmsError('InvalidInput', `Invalid Entity Arn: ${arn}`)
  return { type, entity: entity! }
}

/** Its name and account say who it is; AWS was recorded to ignore the path. */
async function findSource(
  store: IdentityReader,
  account: string,
  { type, entity }: Source,
): Promise<Owner | undefined> {
  return entity.account === account ? type.find(store, account, entity.name) : undefined
}

/** @throws {KmsError} `NoSuchEntity` */
export async function requireSource(store: IdentityReader, account: string, arn: string): Promise<Owner> {
  const source = sourceOf(arn)
  const owner = await findSource(store, account, source)
  if (owner === undefined) throw noSuchOwner(source.type.kind, source.entity.name)
  return owner
}

/** Inline and attached ones of a user, role or group alone. */
async function policiesOf(store: IdentityReader, kind: OwnerKind, ownerId: string): Promise<SimulatedPolicy[]> {
  const inline = await store.listInlinePolicies(ownerId)
  const policies = inline.map(({ policyName, document }): SimulatedPolicy => {
    return { id: policyName, source: kind, text: document }
  })
  for (const { policyArn } of await store.listAttachments(ownerId)) {
    const policy = await managedPolicy(store, policyArn)
    if (policy !== undefined) policies.push(policy)
  }
  return policies
}

async function managedPolicy(store: IdentityReader, arn: string): Promise<SimulatedPolicy | undefined> {
  const text = await managedPolicyDocument(store, arn)
  const { name, account } = parseEntityArn(arn)!
  return text === undefined
    ? undefined
    : { id: name, source: account === AWS_ACCOUNT ? 'aws-managed' : 'user-managed', text }
}

export async function boundaryOf(store: IdentityReader, { boundaryArn }: Owner): Promise<SimulatedPolicy | undefined> {
  return boundaryArn === undefined ? undefined : managedPolicy(store, boundaryArn)
}

/** Those of a user's groups too. */
export async function allPoliciesOf(store: IdentityReader, { kind, id }: Owner): Promise<readonly SimulatedPolicy[]> {
  const policies = await policiesOf(store, kind, id)
  const groups = kind === 'user' ? await store.listGroupsOfUser(id) : []
  for (const { groupId } of groups) policies.push(...(await policiesOf(store, 'group', groupId)))
  return policies
}

/** What counts for permissions is the path that it has. Refusals call it by the ARN that the request has. */
export async function locateSource(
  { PolicySourceArn }: { readonly PolicySourceArn: string },
  { call, store }: EntityLookup,
): Promise<LocatedEntity> {
  const owner = await findSource(store, call.principal.account, sourceOf(PolicySourceArn))
  return { ...(owner ?? { arn: PolicySourceArn }), shownAs: PolicySourceArn }
}
