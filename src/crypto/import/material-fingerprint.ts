/** What is remembered of imported asymmetric and HMAC material, so that only the same can be imported again (IMP-57). */
import type { KeyObject } from 'node:crypto'
import { field } from '../bytes.ts'
import { hmacSha256 } from '../hash.ts'

const LABEL = field('kms:import-fingerprint:v1')

/**
 * 64 hex digits. Keyed with a secret of the installation, unlike the public name of a symmetric key's material: it shows in
 * an error, and whoever reads it must not be able to test guesses, since an HMAC key may be an old password. Without the
 * Region, so the members of a multi-Region set agree.
 * @param material in the one encoding that rests.
 */
export function materialFingerprint(secret: KeyObject, account: string, keyId: string, material: Uint8Array): string {
  return hmacSha256(secret, Buffer.concat([LABEL, field(account), field(keyId), material])).toString('hex')
}
