/** Key specs as the domain sees them; each is declared once, in `crypto/algorithms/`. */
import { type KeySpec, KEY_SPECS as ROWS } from '../../crypto/algorithms/index.ts'
import type { Key } from './key.ts'

export { type DataKeyPair, MaterialError, type MessageType, type OpenKey } from '../../crypto/algorithms/index.ts'

export const SYMMETRIC_DEFAULT = 'SYMMETRIC_DEFAULT'

/** Names of all key specs. */
export const KEY_SPECS: readonly string[] = Object.freeze([...ROWS.keys()])

/** Specs that GenerateDataKeyPair makes pairs of. */
export const DATA_KEY_PAIR_SPECS: readonly string[] = KEY_SPECS.filter(
  (name) => keySpecRow(name).generatePair !== undefined,
)

/** @throws {Error} for a name that is none: only names that passed validation get here. */
export function keySpecRow(name: string): KeySpec {
  const row = ROWS.get(name)
  if (row === undefined) throw new Error(`there is no key spec ${name}`)
  return row
}

/** In the API's order; empty where the spec cannot be used so. */
export function algorithmsOf({ spec, usage }: Pick<Key, 'spec' | 'usage'>): readonly string[] {
  return keySpecRow(spec).algorithms(usage)
}

/** What UpdateAlias must not change (lifecycle.md MAN-2). */
export type KeyType = 'SYMMETRIC' | 'ASYMMETRIC' | 'HMAC'

const KEY_TYPES = { symmetric: 'SYMMETRIC', asymmetric: 'ASYMMETRIC', HMAC: 'HMAC' } as const

export function keyTypeOf(spec: string): KeyType {
  return KEY_TYPES[keySpecRow(spec).kind]
}
