/**
 * A seed: keys and aliases that someone chose beforehand, ids and material included. For development and tests; its form is
 * `docs/seed-file.md`. Here it is checked, strictly and with the place of every fault; nothing of a faulty seed is used.
 */
import { isAccount, isRegion } from '../base/arn.ts'
import { KmsError } from '../base/errors.ts'
import { closest } from '../config/did-you-mean.ts'
import { checkAliasName } from '../domain/alias-rules.ts'
import type { Tag } from '../domain/keys/key.ts'
import { checkTags } from '../domain/keys/tags.ts'
import { readKeyPolicy } from '../domain/policy/key-policy.ts'
import { SeedError } from './seed-error.ts'

/** What a key's entry says; `undefined` where it says nothing. */
export interface SeedKey {
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
  readonly material: Buffer | undefined
}

export interface Seed {
  readonly account: string | undefined
  readonly region: string | undefined
  readonly keys: readonly SeedKey[]
}

type Fields = Readonly<Record<string, unknown>>

const SEED_FIELDS = ['account', 'region', 'keys']
const KEY_FIELDS = ['id', 'account', 'region', 'description', 'enabled', 'aliases', 'tags', 'policy', 'material']

const KEY_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const ALIAS = /^alias\/[a-zA-Z0-9/_-]{1,250}$/
const DESCRIPTION_CHARS_MAX = 8192
const TAG_KEY_CHARS_MAX = 128
const TAG_VALUE_CHARS_MAX = 256
const MATERIAL_BYTES = 32

/** @throws {SeedError} that names the place of the first fault. */
export function readSeed(document: unknown): Seed {
  const fields = mapping(document, '', SEED_FIELDS)
  if (!Array.isArray(fields.keys)) throw fault('keys', 'expected a list of keys', fields.keys)
  return {
    account: optional(fields, '', 'account', readAccount),
    region: optional(fields, '', 'region', readRegion),
    keys: fields.keys.map((entry, index) => readKey(entry, `keys[${index}]`)),
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
    tags: optional(fields, place, 'tags', readTags),
    policy: optional(fields, place, 'policy', readPolicy),
    material: optional(fields, place, 'material', readMaterial),
  }
}

function mapping(value: unknown, place: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fault(place, 'expected a mapping', value)
  const unknownField = Object.keys(value).find((name) => !known.includes(name))
  if (unknownField === undefined) return value as Fields
  const near = closest(unknownField, known)
  const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean '${near}'?`
  throw new SeedError(`${join(place, unknownField)}: there is no such field; ${hint}`)
}

function optional<T>(
  fields: Fields,
  place: string,
  name: string,
  read: (value: unknown, place: string) => T,
): T | undefined {
  return fields[name] === undefined ? undefined : read(fields[name], join(place, name))
}

function join(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`
}

/** Material never shows in a message, whatever is wrong with it; other values do. */
function fault(place: string, expected: string, value: unknown): SeedError {
  const got = typeof value === 'string' ? `'${value}'` : value === undefined ? 'nothing' : kindOf(value)
  return new SeedError(`${place === '' ? 'the seed' : place}: ${expected}, got ${got}`)
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return value === null || typeof value !== 'object' ? String(value) : 'a mapping'
}

function text(value: unknown, place: string, expected: string, isValid: (text: string) => boolean): string {
  if (typeof value !== 'string' || !isValid(value)) throw fault(place, `expected ${expected}`, value)
  return value
}

function readKeyId(value: unknown, place: string): string {
  return text(value, place, 'a UUID in lower case', (id) => KEY_ID.test(id))
}

function readAccount(value: unknown, place: string): string {
  return text(value, place, 'an account id of 12 digits (in quotes)', isAccount)
}

function readRegion(value: unknown, place: string): string {
  return text(value, place, 'a Region name such as eu-central-1', isRegion)
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
  if (!Array.isArray(value)) throw fault(place, 'expected a list of alias names', value)
  return value.map((entry, index) => {
    const itsPlace = `${place}[${index}]`
    const alias = text(entry, itsPlace, "a name such as 'alias/app'", (it) => ALIAS.test(it))
    try {
      checkAliasName(alias)
    } catch (error) {
      throw refused(itsPlace, error, `'${alias}' is reserved`)
    }
    return alias
  })
}

function readTags(value: unknown, place: string): readonly Tag[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fault(place, 'expected a mapping from tag keys to tag values', value)
  }
  const tags = Object.entries(value).map(([key, tagValue]) => {
    const isKey = (it: string) => it.length >= 1 && it.length <= TAG_KEY_CHARS_MAX && it.isWellFormed()
    text(key, place, `tag keys of 1 to ${TAG_KEY_CHARS_MAX} characters`, isKey)
    const isValue = (it: string) => it.length <= TAG_VALUE_CHARS_MAX && it.isWellFormed()
    const expected = `a text of at most ${TAG_VALUE_CHARS_MAX} characters`
    return { key, value: text(tagValue, `${place}.${key}`, expected, isValue) }
  })
  try {
    checkTags(tags)
  } catch (error) {
    throw refused(place, error)
  }
  return tags
}

function readPolicy(value: unknown, place: string): string {
  const isDocument = typeof value === 'string' || (typeof value === 'object' && value !== null)
  if (!isDocument) throw fault(place, 'expected a key policy, as JSON text or as a mapping', value)
  try {
    return readKeyPolicy(typeof value === 'string' ? value : JSON.stringify(value))
  } catch (error) {
    throw refused(place, error)
  }
}

function readMaterial(value: unknown, place: string): Buffer {
  const bytes = typeof value === 'string' ? decodeMaterial(value) : undefined
  if (bytes !== undefined) return bytes
  throw new SeedError(`${place}: expected ${MATERIAL_BYTES} bytes, in base64 or as ${2 * MATERIAL_BYTES} hex digits`)
}

/** Unambiguous: 64 hex digits read as base64 would be 48 bytes. */
function decodeMaterial(given: string): Buffer | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(given)) return Buffer.from(given, 'hex')
  const bytes = Buffer.from(given, 'base64')
  return bytes.length === MATERIAL_BYTES && bytes.toString('base64') === given ? bytes : undefined
}

/** What the service would refuse, in the service's words. */
function refused(place: string, error: unknown, otherwise?: string): SeedError {
  if (!(error instanceof KmsError)) throw error
  return new SeedError(`${place}: ${error.text ?? otherwise ?? error.code}`, { cause: error })
}
