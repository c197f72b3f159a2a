/** Which request quotas a call of KMS counts against (operations.md 7.2). */
import { DATA_KEY_PAIRS, type KeyFamily } from '../domain/request-quotas.ts'
import type { Operation } from './operation.ts'
import { keysOf, type LocatedUses } from './uses.ts'

/** One for each; ReEncrypt has a key on either side. Keys in custom key stores have quotas of their own (keystores.md KS-7). */
export function requestRows(operation: Operation, input: unknown, located: LocatedUses): readonly string[] {
  const { name, uses } = operation
  if (name.startsWith('GenerateDataKeyPair')) {
    return [DATA_KEY_PAIRS + (input as { readonly KeyPairSpec: string }).KeyPairSpec]
  }
  if (name === 'GenerateRandom') return ['symmetric']
  if (!uses.some((use) => use.on === 'key' && use.keyUsage !== undefined)) return [name]
  // Who asks for a key that is not there asks for one of the most usual kind.
  return keysOf(located).flatMap((key) =>
    key?.customKeyStore === undefined ? familyOf(key?.spec ?? 'SYMMETRIC_DEFAULT') : [],
  )
}

function familyOf(spec: string): KeyFamily {
  if (spec.startsWith('RSA')) return 'rsa'
  if (spec.startsWith('ECC') || spec === 'SM2') return 'ecc'
  return spec.startsWith('ML_DSA') ? 'ml-dsa' : 'symmetric'
}
