/**
 * ECDSA over a digest that the caller made (FIPS 186-5, section 6.4). node:crypto always hashes: `crypto.sign` with no
 * algorithm takes the key's default hash, it does not skip hashing.
 */
import type { KeyObject } from 'node:crypto'
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'

export type EcdsaCurve = 'P-256' | 'P-384' | 'P-521' | 'secp256k1'

const CURVES: ReadonlyMap<EcdsaCurve, ECDSA> = new Map([
  ['P-256', p256],
  ['P-384', p384],
  ['P-521', p521],
  ['secp256k1', secp256k1],
])

/** Low S is not enforced (operations.md 4.4): verifiers elsewhere accept both, and so do we. */
const OPTIONS = Object.freeze({ prehash: false, lowS: false, format: 'der' } as const)

/** @returns DER. The nonce is derived from key and digest and hedged with fresh randomness (RFC 6979, section 3.6). */
export function sign(key: KeyObject, curve: EcdsaCurve, digest: Uint8Array): Uint8Array {
  const scalar = key.export({ format: 'raw-private' })
  try {
    return CURVES.get(curve)!.sign(digest, scalar, { ...OPTIONS, extraEntropy: true })
  } finally {
    scalar.fill(0)
  }
}

export function verify(key: KeyObject, curve: EcdsaCurve, digest: Uint8Array, signature: Uint8Array): boolean {
  const point = key.export({ format: 'raw-public', type: 'uncompressed' })
  try {
    return CURVES.get(curve)!.verify(signature, digest, point, OPTIONS)
  } catch {
    // Thrown for what is no DER sequence of two integers in range.
    return false
  }
}
