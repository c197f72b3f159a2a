/** Brings the identities of a seed into a store, within the change that brings its keys. */

import { type AccessKeyOwner, openSecretAccessKey, sealSecretAccessKey } from '../domain/identity/access-key-secret.ts'
import { awsManagedPolicy } from '../domain/identity/aws-managed-policies.ts'
import type { OwnerKind, ServiceAccessKey, StoredAccessKey } from '../domain/identity/entities.ts'
import {
  checkNewAccessKey,
  checkNewAttachment,
  checkNewGroup,
  checkNewMembership,
  checkNewRole,
  checkNewUser,
} from '../domain/identity/entity-rules.ts'
import { uniqueIdOf } from '../domain/identity/identifiers.ts'
import { findInlinePolicy } from '../domain/identity/inline-policies.ts'
import { checkInlinePoliciesSize } from '../domain/identity/policy-sizes.ts'
import type { ExternalAccounts } from '../domain/identity/resolve-principal.ts'
import { openServiceSecret, sealServiceSecret } from '../domain/identity/service-secrets.ts'
import { SERVICE_ACCESS_KEYS_MAX } from '../domain/identity/services.ts'
import { bindTrustPolicy } from '../domain/identity/trust-policies.ts'
import type { DomainKeys } from '../domain/keys/domain-keys.ts'
import type { Tag } from '../domain/keys/key.ts'
import type { RandomSource } from '../domain/services.ts'
import type { Change, Store } from '../domain/store.ts'
import { inPlace } from './in-place.ts'
import { SeedError } from './seed-error.ts'
import type { SeedAccessKey, SeedGroup, SeedIdentities, SeedRole, SeedService, SeedUser } from './seed-identities.ts'

export interface IdentitySeedServices {
  readonly store: Store
  readonly domainKeys: DomainKeys
  readonly random: RandomSource
  readonly externalAccounts: ExternalAccounts
}

/** A user of the seed with the id that it has or gets, and its sealed secrets. */
interface PlannedUser {
  readonly seed: SeedUser
  readonly owner: AccessKeyOwner
  readonly tokens: readonly StoredAccessKey['token'][]
}

interface PlannedService {
  readonly seed: SeedService
  readonly tokens: readonly ServiceAccessKey['token'][]
}

export interface PlannedIdentities {
  readonly seed: SeedIdentities
  readonly users: readonly PlannedUser[]
  readonly services: readonly PlannedService[]
}

export interface IdentityOutcome {
  made: number
  found: number
  readonly contradictions: string[]
}

const MAX_SESSION_SECONDS = 3_600

/** Before the change: sealing may make a domain key. @param account of identities that name none. @throws {SeedError} if one is there twice. */
export async function planIdentities(
  { store, domainKeys, random }: IdentitySeedServices,
  seed: SeedIdentities,
  account: string,
): Promise<PlannedIdentities> {
  for (const kind of ['groups', 'users', 'roles', 'services'] as const) checkUnique(seed[kind], account)
  const users: PlannedUser[] = []
  for (const user of seed.users) {
    const owning = user.account ?? account
    const existing = await store.findUser(owning, user.name)
    const owner = { account: owning, principalId: existing?.userId ?? uniqueIdOf('user', random) }
    const tokens = user.accessKeys.map(({ id, secret }) => sealSecretAccessKey(domainKeys, owner, id, secret))
    users.push({ seed: user, owner, tokens: await Promise.all(tokens) })
  }
  const services: PlannedService[] = []
  for (const service of seed.services) {
    const tokens = service.accessKeys.map(({ id, secret }) => sealServiceSecret(domainKeys, service.name, id, secret))
    services.push({ seed: service, tokens: await Promise.all(tokens) })
  }
  return { seed, users, services }
}

/** Names are unique ignoring case (authorization.md 6.1). */
function checkUnique(
  entries: readonly { readonly place: string; readonly name: string; readonly account?: string | undefined }[],
  defaultAccount: string,
): void {
  const seen = new Map<string, string>()
  for (const { place, name, account = defaultAccount } of entries) {
    const ref = `${account} ${name.toLowerCase()}`
    const first = seen.get(ref)
    if (first !== undefined) throw new SeedError(`${place}.name: ${name} is also at ${first}.name`)
    seen.set(ref, place)
  }
}

export async function applyIdentities(
  services: IdentitySeedServices,
  change: Change,
  { seed, users, services: plannedServices }: PlannedIdentities,
  account: string,
  createdAt: number,
): Promise<IdentityOutcome> {
  const outcome: IdentityOutcome = { made: 0, found: 0, contradictions: [] }
  const applying: Applying = { ...services, change, account, createdAt, outcome }
  await applyAccounts(applying, seed)
  for (const group of seed.groups) await applyGroup(applying, group)
  for (const user of users) await applyUser(applying, user)
  for (const service of plannedServices) await applyService(applying, service)
  await applyRoles(applying, seed.roles)
  return outcome
}

interface Applying extends IdentitySeedServices {
  readonly change: Change
  /** Of what names none. */
  readonly account: string
  readonly createdAt: number
  readonly outcome: IdentityOutcome
}

function compare({ outcome }: Applying, place: string, facts: readonly (readonly [name: string, isSame: boolean])[]) {
  for (const [name, isSame] of facts) {
    if (!isSame) outcome.contradictions.push(`${place}.${name}: what is in the store has another`)
  }
}

async function applyAccounts({ change, account, createdAt, outcome }: Applying, seed: SeedIdentities): Promise<void> {
  const owners = [...seed.groups, ...seed.users, ...seed.roles]
  const named = [...seed.accounts.map((entry) => entry.account), ...owners.map((owner) => owner.account ?? account)]
  for (const each of new Set(named)) await change.insertAccount(each, createdAt)
  for (const { place, account: id, alias } of seed.accounts) {
    if (alias === undefined) continue
    const owner = await change.findAccountByAlias(alias)
    const present = await change.accountAlias(id)
    if (owner === undefined && present === undefined) await change.setAccountAlias(id, alias)
    else if (owner !== undefined && owner !== id)
      outcome.contradictions.push(`${place}.alias: ${alias} belongs to ${owner}`)
    else if (present !== alias) outcome.contradictions.push(`${place}.alias: the account has the alias ${present}`)
  }
}

async function applyGroup(applying: Applying, seed: SeedGroup): Promise<void> {
  const { change, createdAt, outcome, random } = applying
  const { place, name: groupName, path } = seed
  const account = seed.account ?? applying.account
  const existing = await change.findGroup(account, groupName)
  const made = { account, groupName, path: path ?? '/', groupId: uniqueIdOf('group', random), createdAt }
  if (existing === undefined) {
    await inPlace(place, () => checkNewGroup(change, account, groupName))
    await change.insertGroup(made)
    outcome.made++
  } else {
    outcome.found++
    compare(applying, place, [['path', path === undefined || existing.path === path]])
  }
  await applyPolicies(applying, { kind: 'group', account, id: (existing ?? made).groupId, name: groupName }, seed)
}

async function applyUser(applying: Applying, { seed, owner, tokens }: PlannedUser): Promise<void> {
  const { change, createdAt, outcome } = applying
  const { place, name: userName, path, tags } = seed
  const { account, principalId: userId } = owner
  const existing = await change.findUser(account, userName)
  const made = { account, userName, path: path ?? '/', userId, createdAt, tags: tags ?? [], boundaryArn: undefined }
  if (existing === undefined) {
    await inPlace(place, () => checkNewUser(change, account, userName))
    await change.insertUser(made)
    outcome.made++
  } else {
    outcome.found++
    compare(applying, place, [
      ['path', path === undefined || existing.path === path],
      ['tags', tags === undefined || sameTags(existing.tags, tags)],
    ])
  }
  for (const [index, groupName] of seed.groups.entries()) {
    const group = await change.findGroup(account, groupName)
    const at = `${place}.groups[${index}]`
    if (group === undefined) outcome.contradictions.push(`${at}: there is no group ${groupName} in account ${account}`)
    else {
      await inPlace(at, () => checkNewMembership(change, existing ?? made, group))
      await change.addUserToGroup(existing ?? made, group)
    }
  }
  for (const [index, accessKey] of seed.accessKeys.entries()) {
    await applyAccessKey(applying, `${place}.accessKeys[${index}]`, {
      owner,
      userName,
      accessKey,
      token: tokens[index]!,
    })
  }
  await applyPolicies(applying, { kind: 'user', account, id: userId, name: userName }, seed)
}

interface PlannedAccessKey {
  readonly owner: AccessKeyOwner
  readonly userName: string
  readonly accessKey: SeedAccessKey
  readonly token: StoredAccessKey['token']
}

async function applyAccessKey(
  { change, createdAt, domainKeys, outcome }: Applying,
  place: string,
  { owner: { account, principalId }, userName, accessKey: { id: accessKeyId, secret }, token }: PlannedAccessKey,
): Promise<void> {
  const existing = await change.findCredential(accessKeyId)
  if (existing === undefined && (await change.findServiceAccessKey(accessKeyId)) !== undefined) {
    outcome.contradictions.push(`${place}.id: ${accessKeyId} belongs to somebody else`)
  } else if (existing === undefined) {
    await inPlace(place, () => checkNewAccessKey(change, account, userName))
    await change.insertAccessKey({ accessKeyId, account, userName, active: true, token, createdAt })
  } else if (existing.user?.userId !== principalId) {
    outcome.contradictions.push(`${place}.id: ${accessKeyId} belongs to somebody else`)
  } else if (!(await openSecretAccessKey(domainKeys, existing)).equals(Buffer.from(secret))) {
    outcome.contradictions.push(`${place}.secret: ${accessKeyId} has another`)
  }
}

/** Before roles: their trust policies may name services. */
async function applyService(applying: Applying, { seed, tokens }: PlannedService): Promise<void> {
  const { change, createdAt, domainKeys, outcome } = applying
  const { place, name, accessKeys } = seed
  if (await change.hasService(name)) outcome.found++
  else {
    await change.insertService({ name, createdAt })
    outcome.made++
  }
  for (const [index, { id: accessKeyId, secret }] of accessKeys.entries()) {
    const at = `${place}.accessKeys[${index}]`
    const existing = await change.findServiceAccessKey(accessKeyId)
    const isTaken = existing === undefined && (await change.findCredential(accessKeyId)) !== undefined
    if (isTaken || (existing !== undefined && existing.service !== name)) {
      outcome.contradictions.push(`${at}.id: ${accessKeyId} belongs to somebody else`)
    } else if (existing === undefined) {
      if ((await change.listServiceAccessKeys(name)).length >= SERVICE_ACCESS_KEYS_MAX) {
        throw new SeedError(`${at}: the service ${name} has ${SERVICE_ACCESS_KEYS_MAX} access keys already`)
      }
      await change.insertServiceAccessKey({
        accessKeyId,
        service: name,
        active: true,
        token: tokens[index]!,
        createdAt,
      })
    } else if (!(await openServiceSecret(domainKeys, existing)).equals(Buffer.from(secret))) {
      outcome.contradictions.push(`${at}.secret: ${accessKeyId} has another`)
    }
  }
}

/** Roles may trust one another, so all are there before the first trust policy is bound to those that it names (P-4). */
async function applyRoles(applying: Applying, roles: readonly SeedRole[]): Promise<void> {
  const missing = new Set<SeedRole>()
  for (const role of roles) if (await insertIfMissing(applying, role)) missing.add(role)
  for (const seed of roles) {
    const { change, outcome, externalAccounts } = applying
    const account = seed.account ?? applying.account
    const role = (await change.findRole(account, seed.name))!
    const at = `${seed.place}.trustPolicy`
    const trustPolicy = await inPlace(at, () => bindTrustPolicy(seed.trustPolicy, change, externalAccounts))
    if (missing.has(seed)) await change.updateRole({ ...role, trustPolicy })
    else if (role.trustPolicy !== trustPolicy) outcome.contradictions.push(`${at}: what is in the store has another`)
    await applyPolicies(applying, { kind: 'role', account, id: role.roleId, name: seed.name }, seed)
  }
}

/** @returns whether it was missing; without its trust policy then. */
async function insertIfMissing(applying: Applying, seed: SeedRole): Promise<boolean> {
  const { change, createdAt, outcome, random } = applying
  const { place, name: roleName, path, tags, description, maxSessionSeconds } = seed
  const account = seed.account ?? applying.account
  const existing = await change.findRole(account, roleName)
  if (existing !== undefined) {
    outcome.found++
    compare(applying, place, [
      ['path', path === undefined || existing.path === path],
      ['tags', tags === undefined || sameTags(existing.tags, tags)],
      ['description', description === undefined || existing.description === description],
      ['maxSessionSeconds', maxSessionSeconds === undefined || existing.maxSessionSeconds === maxSessionSeconds],
    ])
    return false
  }
  await inPlace(place, () => checkNewRole(change, account, roleName))
  await change.insertRole({
    ...{ account, roleName, path: path ?? '/', roleId: uniqueIdOf('role', random), createdAt, description },
    ...{ maxSessionSeconds: maxSessionSeconds ?? MAX_SESSION_SECONDS, trustPolicy: '', tags: tags ?? [] },
    boundaryArn: undefined,
  })
  outcome.made++
  return true
}

interface Owner {
  readonly kind: OwnerKind
  readonly account: string
  readonly id: string
  readonly name: string
}

async function applyPolicies(
  { change, outcome }: Applying,
  { kind, account, id: ownerId, name }: Owner,
  { place, managedPolicies, policies }: Pick<SeedGroup, 'place' | 'managedPolicies' | 'policies'>,
): Promise<void> {
  for (const [index, given] of managedPolicies.entries()) {
    const at = `${place}.managedPolicies[${index}]`
    const policyArn = given.startsWith('arn:') ? given : `arn:aws:iam::aws:policy/${given}`
    if (awsManagedPolicy(policyArn) === undefined && (await change.findManagedPolicy(policyArn))?.account !== account) {
      outcome.contradictions.push(`${at}: there is no policy ${given}`)
      continue
    }
    const attachment = { account, ownerKind: kind, ownerId, policyArn }
    await inPlace(at, () => checkNewAttachment(change, attachment))
    await change.attachPolicy(attachment)
  }
  for (const { name: policyName, document } of policies) {
    const at = `${place}.policies.${policyName}`
    const existing = await findInlinePolicy(change, ownerId, policyName)
    const policy = { account, ownerId, policyName, document }
    if (existing === undefined) {
      await inPlace(at, () => checkInlinePoliciesSize(change, { kind, name }, policy))
      await change.putInlinePolicy(policy)
    } else if (existing.document !== document) {
      outcome.contradictions.push(`${at}: what is in the store has another`)
    }
  }
}

function sameTags(left: readonly Tag[], right: readonly Tag[]): boolean {
  const values = new Map(left.map(({ key, value }) => [key, value]))
  return values.size === right.length && right.every(({ key, value }) => values.get(key) === value)
}
