/** How the values of a seed are read: strictly, with the place of every fault. */
import { isAccount, isRegion } from '../base/arn.ts'
import { KmsError } from '../base/errors.ts'
import { closest } from '../config/did-you-mean.ts'
import type { Tag } from '../domain/keys/key.ts'
import { SeedError } from './seed-error.ts'

export type Fields = Readonly<Record<string, unknown>>

const TAG_KEY_CHARS_MAX = 128
const TAG_VALUE_CHARS_MAX = 256

export function mapping(value: unknown, place: string, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fault(place, 'expected a mapping', value)
  const unknownField = Object.keys(value).find((name) => !known.includes(name))
  if (unknownField === undefined) return value as Fields
  // Without the blank that YAML wants after a colon a value is part of the name, and it may be a secret.
  const name = unknownField.replace(/:.*$/s, '')
  const near = known.includes(name) ? `${name}: ` : closest(name, known)
  const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean '${near}'?`
  throw new SeedError(`${join(place, name)}: there is no such field; ${hint}`)
}

export function optional<T>(
  fields: Fields,
  place: string,
  name: string,
  read: (value: unknown, place: string) => T,
): T | undefined {
  return fields[name] === undefined ? undefined : read(fields[name], join(place, name))
}

export function join(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`
}

/** Material never shows in a message, whatever is wrong with it, and neither does a whole file; other values do. */
export function fault(place: string, expected: string, value: unknown): SeedError {
  const text = place === '' && value !== '' ? 'text' : `'${value}'`
  const got = typeof value === 'string' ? text : value === undefined ? 'nothing' : kindOf(value)
  return new SeedError(`${place === '' ? 'the seed' : place}: ${expected}, got ${got}`)
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return value === null || typeof value !== 'object' ? String(value) : 'a mapping'
}

export function text(value: unknown, place: string, expected: string, isValid: (text: string) => boolean): string {
  if (typeof value !== 'string' || !isValid(value)) throw fault(place, `expected ${expected}`, value)
  return value
}

export function readAccount(value: unknown, place: string): string {
  return text(value, place, 'an account id of 12 digits (in quotes)', isAccount)
}

export function readRegion(value: unknown, place: string): string {
  return text(value, place, 'a Region name such as eu-central-1', isRegion)
}

/** @param read each of its values, with its place. */
export function list<T>(
  value: unknown,
  place: string,
  what: string,
  read: (value: unknown, place: string) => T,
): readonly T[] {
  if (!Array.isArray(value)) throw fault(place, `expected a list of ${what}`, value)
  return value.map((entry, index) => read(entry, `${place}[${index}]`))
}

/** @param check throws a `KmsError` for what the service would refuse. */
export function readTags(value: unknown, place: string, check: (tags: readonly Tag[]) => void): readonly Tag[] {
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
    check(tags)
  } catch (error) {
    throw refused(place, error)
  }
  return tags
}

/** A policy as JSON text or as a mapping. @param read checks it. @returns as `read` gives it. */
export function policyText(value: unknown, place: string, what: string, read: (text: string) => string): string {
  const isDocument = typeof value === 'string' || (typeof value === 'object' && value !== null)
  if (!isDocument) throw fault(place, `expected ${what}, as JSON text or as a mapping`, value)
  try {
    return read(typeof value === 'string' ? value : JSON.stringify(value))
  } catch (error) {
    // JSON has no words for it: a mapping that is in itself, by an alias of YAML.
    if (error instanceof TypeError)
      throw new SeedError(`${place}: expected ${what} that JSON can hold`, { cause: error })
    throw refused(place, error)
  }
}

/** What the service would refuse, in the service's words. */
export function refused(place: string, error: unknown, otherwise?: string): SeedError {
  if (!(error instanceof KmsError)) throw error
  return new SeedError(`${place}: ${error.text ?? otherwise ?? error.code}`, { cause: error })
}
