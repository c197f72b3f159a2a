/**
 * Root key provider `shares`: 32 bytes that are nowhere but in N shares, of which any T give them back (Shamir's secret sharing over
 * GF(2^8), by `shamir-secret-sharing`, each byte by itself).
 *
 * A share as text: `keyhold-share-` and in hex `01 ‖ root key id 16 ‖ value 32 ‖ coordinate 1 ‖ checksum 4`. The id keeps shares of different
 * root keys apart and says whether T of them gave the right secret; the checksum, the first bytes of SHA-256 of what stands before it, finds
 * slips of whoever types one. Neither tells anything of the secret.
 */
import { combine, split } from 'shamir-secret-sharing'
import { sha256 } from '../hash.ts'
import { createRandomSource } from '../random.ts'
import { localRootKey } from './local-root-key.ts'
import type { RootKey } from './root-key.ts'

export interface Share {
  /** Of the root key that it is of. */
  readonly rootKeyId: string
  /** 1 to 255; no two shares of a root key have the same. */
  readonly coordinate: number
  /** Value and coordinate, as the library has it. */
  readonly bytes: Uint8Array
}

export interface SharedRootKey {
  readonly rootKey: RootKey
  readonly shares: readonly string[]
}

export const SHARES_MAX = 255
export const THRESHOLD_MIN = 2

const SECRET_BYTES = 32
const VERSION = 1
const PREFIX = 'keyhold-share-'
const ID_BYTES = 16
const SHARE_AT = 1 + ID_BYTES
const CHECKSUM_AT = SHARE_AT + SECRET_BYTES + 1
const CHECKSUM_BYTES = 4
const TEXT = new RegExp(`^${PREFIX}([0-9a-f]{${2 * (CHECKSUM_AT + CHECKSUM_BYTES)}})$`)
/** Of a text that may be a share, with what people put between its digits. */
export const SHARE_CHARS_MAX = 512

/** @param threshold from 2 to `count`. */
export async function makeSharedRootKey(count: number, threshold: number): Promise<SharedRootKey> {
  const secret = createRandomSource().keyBytes(SECRET_BYTES)
  // The library takes nothing that is more than a Uint8Array.
  const plain = new Uint8Array(secret)
  const rootKey = localRootKey(secret)
  const parts = await split(plain, count, threshold)
  plain.fill(0)
  return { rootKey, shares: parts.map((part) => shareText(rootKey.id, part)) }
}

function shareText(rootKeyId: string, part: Uint8Array): string {
  const body = Buffer.concat([Buffer.of(VERSION), Buffer.from(rootKeyId, 'hex'), part])
  return PREFIX + Buffer.concat([body, checksumOf(body)]).toString('hex')
}

function checksumOf(body: Uint8Array): Buffer {
  return sha256(body).subarray(0, CHECKSUM_BYTES)
}

/** @returns `undefined` for what is no share, or was mistyped. */
export function readShare(text: string): Share | undefined {
  if (text.length > SHARE_CHARS_MAX) return undefined
  const digits = TEXT.exec(text.replace(/\s/g, '').toLowerCase())?.[1]
  if (digits === undefined) return undefined
  const bytes = Buffer.from(digits, 'hex')
  const body = bytes.subarray(0, CHECKSUM_AT)
  const coordinate = body.at(-1)!
  // At zero the polynomials have the secret itself.
  if (body[0] !== VERSION || coordinate === 0 || !checksumOf(body).equals(bytes.subarray(CHECKSUM_AT))) return undefined
  return { rootKeyId: body.toString('hex', 1, SHARE_AT), coordinate, bytes: new Uint8Array(body.subarray(SHARE_AT)) }
}

/** @returns the secret, which is the caller's to wipe; `undefined` if the shares do not give that of the root key that they name. */
export async function combineShares(shares: readonly Share[]): Promise<Buffer | undefined> {
  const secret = Buffer.from(await combine(shares.map(({ bytes }) => bytes)))
  if (localRootKey(Buffer.from(secret)).id === shares[0]!.rootKeyId) return secret
  secret.fill(0)
  return undefined
}
