/**
 * A seed: keys, aliases and identities that someone chose beforehand, ids and material included. For development and tests; its form is
 * `docs/seed-file.md`. Here it is checked, strictly and with the place of every fault; nothing of a faulty seed is used.
 */
import { checkAliasName } from '../domain/alias-rules.ts'
import type { Tag } from '../domain/keys/key.ts'
import { checkTags } from '../domain/keys/tags.ts'
import { readKeyPolicy } from '../domain/policy/key-policy.ts'
import { IDENTITY_FIELDS, NO_IDENTITIES, readIdentities, type SeedIdentities } from './seed-identities.ts'
import { readKeyKind, type SeedKeyKind } from './seed-material.ts'
import {
  fault,
  list,
  mapping,
  optional,
  policyText,
  readAccount,
  readRegion,
  readTags,
  refused,
  text,
} from './seed-values.ts'

/** What a key's entry says; `undefined` where it says nothing. */
export interface SeedKey extends SeedKeyKind {
  /** Place in the document, for messages: `keys[0]`. */
  readonly place: string
  readonly keyId: string
  readonly account: string | undefined
  readonly region: string | undefined
  readonly description: string | undefined
  readonly enabled: boolean | undefined
  readonly aliases: readonly string[]
  readonly tags: readonly Tag[] | undefined
  /** As GetKeyPolicy prints it. */
  readonly policy: string | undefined
}

export interface Seed {
  readonly account: string | undefined
  readonly region: string | undefined
  readonly keys: readonly SeedKey[]
  readonly identities: SeedIdentities
}

const SEED_FIELDS = ['account', 'region', 'keys', ...IDENTITY_FIELDS]
const KEY_FIELDS = [
  ...['id', 'account', 'region', 'spec', 'usage', 'description', 'enabled', 'aliases', 'tags', 'policy', 'material'],
]

const KEY_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const ALIAS = /^alias\/[a-zA-Z0-9/_-]{1,250}$/
const DESCRIPTION_CHARS_MAX = 8192

/** @throws {SeedError} that names the place of the first fault. */
export function readSeed(document: unknown): Seed {
  const fields = mapping(document, '', SEED_FIELDS)
  const identities = readIdentities(fields)
  if (fields.keys === undefined && identities === NO_IDENTITIES)
    throw fault('keys', 'expected a list of keys', fields.keys)
  return {
    account: optional(fields, '', 'account', readAccount),
    region: optional(fields, '', 'region', readRegion),
    keys: fields.keys === undefined ? [] : list(fields.keys, 'keys', 'keys', readKey),
    identities,
  }
}

function readKey(entry: unknown, place: string): SeedKey {
  const fields = mapping(entry, place, KEY_FIELDS)
  return {
    place,
    keyId: readKeyId(fields.id, `${place}.id`),
    account: optional(fields, place, 'account', readAccount),
    region: optional(fields, place, 'region', readRegion),
    description: optional(fields, place, 'description', readDescription),
    enabled: optional(fields, place, 'enabled', readEnabled),
    aliases: optional(fields, place, 'aliases', readAliases) ?? [],
    tags: optional(fields, place, 'tags', readKeyTags),
    policy: optional(fields, place, 'policy', readPolicy),
    ...readKeyKind(fields, place),
  }
}

function readKeyId(value: unknown, place: string): string {
  return text(value, place, 'a UUID in lower case', (id) => KEY_ID.test(id))
}

function readDescription(value: unknown, place: string): string {
  const expected = `a text of at most ${DESCRIPTION_CHARS_MAX} characters`
  return text(value, place, expected, (it) => it.length <= DESCRIPTION_CHARS_MAX && it.isWellFormed())
}

/** From YAML every value is a text. */
function readEnabled(value: unknown, place: string): boolean {
  if (typeof value === 'boolean') return value
  return text(value, place, 'true or false', (it) => it === 'true' || it === 'false') === 'true'
}

function readAliases(value: unknown, place: string): readonly string[] {
  return list(value, place, 'alias names', (entry, itsPlace) => {
    const alias = text(entry, itsPlace, "a name such as 'alias/app'", (it) => ALIAS.test(it))
    try {
      checkAliasName(alias)
    } catch (error) {
      throw refused(itsPlace, error, `'${alias}' is reserved`)
    }
    return alias
  })
}

function readPolicy(value: unknown, place: string): string {
  return policyText(value, place, 'a key policy', readKeyPolicy)
}

function readKeyTags(value: unknown, place: string): readonly Tag[] {
  return readTags(value, place, checkTags)
}
