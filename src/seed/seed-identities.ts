/** The identities of a seed: accounts, users and services with access keys, groups, roles, and the policies of all of them. */

import { ACCOUNT_ALIAS, ACCOUNT_ALIAS_RULE, parseEntityArn } from '../domain/identity/entity-name.ts'
import { checkIdentityTags } from '../domain/identity/identity-tags.ts'
import { isServiceName } from '../domain/identity/services.ts'
import type { Tag } from '../domain/keys/key.ts'
import { readIdentityPolicy } from '../domain/policy/identity-policy.ts'
import { readTrustPolicy } from '../domain/policy/trust-policy.ts'
import { SeedError } from './seed-error.ts'
import {
  type Fields,
  fault,
  join,
  list,
  mapping,
  optional,
  policyText,
  readAccount,
  readTags,
  text,
} from './seed-values.ts'

export interface SeedAccount {
  readonly place: string
  readonly account: string
  readonly alias: string | undefined
}

export interface SeedInlinePolicy {
  readonly name: string
  readonly document: string
}

/** `undefined` where the seed says nothing. */
interface SeedOwner {
  /** Place in the document, for messages: `users[0]`. */
  readonly place: string
  readonly name: string
  readonly account: string | undefined
  readonly path: string | undefined
  /** Names of policies of AWS, or ARNs. */
  readonly managedPolicies: readonly string[]
  readonly policies: readonly SeedInlinePolicy[]
}

export type SeedGroup = SeedOwner

export interface SeedAccessKey {
  readonly id: string
  readonly secret: string
}

export interface SeedUser extends SeedOwner {
  readonly tags: readonly Tag[] | undefined
  readonly groups: readonly string[]
  readonly accessKeys: readonly SeedAccessKey[]
}

export interface SeedRole extends SeedOwner {
  readonly tags: readonly Tag[] | undefined
  readonly description: string | undefined
  readonly maxSessionSeconds: number | undefined
  readonly trustPolicy: string
}

export interface SeedService {
  readonly place: string
  readonly name: string
  readonly accessKeys: readonly SeedAccessKey[]
}

export interface SeedIdentities {
  readonly accounts: readonly SeedAccount[]
  readonly groups: readonly SeedGroup[]
  readonly users: readonly SeedUser[]
  readonly roles: readonly SeedRole[]
  readonly services: readonly SeedService[]
}

export const NO_IDENTITIES: SeedIdentities = Object.freeze({
  accounts: [],
  groups: [],
  users: [],
  roles: [],
  services: [],
})

export const IDENTITY_FIELDS = ['accounts', 'groups', 'users', 'roles', 'services'] as const

const OWNER_FIELDS = ['name', 'account', 'path', 'managedPolicies', 'policies']
const USER_FIELDS = [...OWNER_FIELDS, 'tags', 'groups', 'accessKeys']
const ROLE_FIELDS = [...OWNER_FIELDS, 'tags', 'description', 'maxSessionSeconds', 'trustPolicy']

/** authorization.md 6.1 */
const NAME = /^[\w+=,.@-]{1,64}$/
const LONG_NAME = /^[\w+=,.@-]{1,128}$/
const PATH = /^\/([\x21-\x7e]{1,510}\/)?$/
const ACCESS_KEY_ID = /^A[A-Z0-9]{15,127}$/
const SECRET = /^[\x21-\x7e]{16,128}$/
const SESSION_SECONDS_MIN = 3_600
const SESSION_SECONDS_MAX = 43_200

/** @throws {SeedError} that names the place of the first fault. */
export function readIdentities(fields: Fields): SeedIdentities {
  if (IDENTITY_FIELDS.every((name) => fields[name] === undefined)) return NO_IDENTITIES
  const entries = <T>(name: (typeof IDENTITY_FIELDS)[number], read: (value: unknown, place: string) => T) =>
    optional(fields, '', name, (value, place) => list(value, place, name, read)) ?? []
  return {
    accounts: entries('accounts', readAccountEntry),
    groups: entries('groups', (entry, place) => readOwner(mapping(entry, place, OWNER_FIELDS), place, LONG_NAME)),
    users: entries('users', readUser),
    roles: entries('roles', readRole),
    services: entries('services', readService),
  }
}

function readAccountEntry(entry: unknown, place: string): SeedAccount {
  const fields = mapping(entry, place, ['id', 'alias'])
  return {
    place,
    account: readAccount(fields.id, `${place}.id`),
    alias: optional(fields, place, 'alias', (value, itsPlace) =>
      text(value, itsPlace, ACCOUNT_ALIAS_RULE, (it) => ACCOUNT_ALIAS.test(it)),
    ),
  }
}

function readUser(entry: unknown, place: string): SeedUser {
  const fields = mapping(entry, place, USER_FIELDS)
  const readGroup = (value: unknown, itsPlace: string) => readName(value, itsPlace, LONG_NAME)
  return {
    ...readOwner(fields, place, NAME),
    tags: optional(fields, place, 'tags', readIdentityTags),
    groups: optional(fields, place, 'groups', (value, at) => list(value, at, 'group names', readGroup)) ?? [],
    accessKeys: optional(fields, place, 'accessKeys', readAccessKeys) ?? [],
  }
}

function readService(entry: unknown, place: string): SeedService {
  const fields = mapping(entry, place, ['name', 'accessKeys'])
  return {
    place,
    name: text(fields.name, `${place}.name`, "a name such as 'billing.example.com'", isServiceName),
    accessKeys: optional(fields, place, 'accessKeys', readAccessKeys) ?? [],
  }
}

function readAccessKeys(value: unknown, place: string): readonly SeedAccessKey[] {
  if (!Array.isArray(value)) throw new SeedError(`${place}: expected a list of access keys`)
  return value.map((entry, index) => readAccessKey(entry, `${place}[${index}]`))
}

function readRole(entry: unknown, place: string): SeedRole {
  const fields = mapping(entry, place, ROLE_FIELDS)
  return {
    ...readOwner(fields, place, NAME),
    tags: optional(fields, place, 'tags', readIdentityTags),
    description: optional(fields, place, 'description', (value, at) =>
      text(value, at, 'a text of at most 1000 characters', (it) => it.length <= 1_000 && it.isWellFormed()),
    ),
    maxSessionSeconds: optional(fields, place, 'maxSessionSeconds', readSessionSeconds),
    trustPolicy: policyText(fields.trustPolicy, `${place}.trustPolicy`, 'a trust policy', readTrustPolicy),
  }
}

function readOwner(fields: Fields, place: string, name: RegExp): SeedOwner {
  return {
    place,
    name: readName(fields.name, `${place}.name`, name),
    account: optional(fields, place, 'account', readAccount),
    path: optional(fields, place, 'path', (value, at) =>
      text(value, at, "a path such as '/team/'", (it) => PATH.test(it)),
    ),
    managedPolicies:
      optional(fields, place, 'managedPolicies', (value, at) => list(value, at, 'policies', readManagedPolicy)) ?? [],
    policies: optional(fields, place, 'policies', readInlinePolicies) ?? [],
  }
}

function readName(value: unknown, place: string, pattern: RegExp): string {
  return text(value, place, 'a name of letters, digits and _+=,.@-', (it) => pattern.test(it))
}

function readManagedPolicy(value: unknown, place: string): string {
  const isPolicy = (it: string) => LONG_NAME.test(it) || parseEntityArn(it)?.kind === 'policy'
  return text(value, place, "a policy such as 'AdministratorAccess', or its ARN", isPolicy)
}

function readInlinePolicies(value: unknown, place: string): readonly SeedInlinePolicy[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fault(place, 'expected a mapping from names to policies', value)
  }
  return Object.entries(value).map(([name, document]) => ({
    name: readName(name, place, LONG_NAME),
    document: policyText(document, join(place, name), 'a policy', readIdentityPolicy),
  }))
}

function readIdentityTags(value: unknown, place: string): readonly Tag[] {
  return readTags(value, place, (tags) => checkIdentityTags(tags, 'ignores case'))
}

/** From YAML every value is a text. */
function readSessionSeconds(value: unknown, place: string): number {
  const seconds = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value
  const isAllowed =
    Number.isSafeInteger(seconds) && Number(seconds) >= SESSION_SECONDS_MIN && Number(seconds) <= SESSION_SECONDS_MAX
  if (!isAllowed)
    throw fault(place, `expected a whole number from ${SESSION_SECONDS_MIN} to ${SESSION_SECONDS_MAX}`, value)
  return Number(seconds)
}

/** The secret never shows in a message, whatever is wrong with it, nor what may be a secret in another's place. */
function readAccessKey(entry: unknown, place: string): SeedAccessKey {
  const { id, secret, ...others } = typeof entry === 'object' ? ((entry as Fields | null) ?? {}) : {}
  if (typeof entry !== 'object' || Object.keys(others).length > 0) {
    throw new SeedError(`${place}: expected a mapping with id and secret, and nothing else`)
  }
  if (typeof id !== 'string' || !ACCESS_KEY_ID.test(id)) {
    throw new SeedError(`${place}.id: expected an access key id such as 'AKIAIOSFODNN7EXAMPLE'`)
  }
  if (typeof secret === 'string' && SECRET.test(secret)) return { id, secret }
  throw new SeedError(`${place}.secret: expected 16 to 128 characters without blanks`)
}
