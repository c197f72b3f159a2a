/**
 * ML-DSA from the message representative mu that the caller made (FIPS 204, Algorithms 7 and 8 after the computation of
 * mu). node:crypto takes messages only.
 */
import { type KeyObject, randomBytes } from 'node:crypto'
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js'

export type MlDsaSet = 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'

const SETS = new Map([
  ['ml-dsa-44', ml_dsa44],
  ['ml-dsa-65', ml_dsa65],
  ['ml-dsa-87', ml_dsa87],
] as const)

const RND_BYTES = 32

/** Hedged: rnd is fresh (FIPS 204, section 3.4). */
export function sign(key: KeyObject, set: MlDsaSet, mu: Uint8Array): Uint8Array {
  const { keygen, internal } = SETS.get(set)!
  const seed = key.export({ format: 'raw-seed' })
  const { secretKey } = keygen(seed)
  try {
    return internal.sign(mu, secretKey, { externalMu: true, extraEntropy: randomBytes(RND_BYTES) })
  } finally {
    seed.fill(0)
    secretKey.fill(0)
  }
}

export function verify(key: KeyObject, set: MlDsaSet, mu: Uint8Array, signature: Uint8Array): boolean {
  try {
    return SETS.get(set)!.internal.verify(signature, mu, key.export({ format: 'raw-public' }), { externalMu: true })
  } catch {
    return false
  }
}
