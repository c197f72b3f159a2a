/** COSE_Sign1 (RFC 9052, section 4.2) as the Nitro Security Module writes it: untagged, ES384, no external data. */
import { type KeyObject, sign, verify } from 'node:crypto'
import { decode, encode } from 'cborg'

export interface CoseSign1 {
  /** The signed header, encoded. */
  readonly protectedHeader: Uint8Array
  readonly payload: Uint8Array
  /** r ‖ s. */
  readonly signature: Uint8Array
}

/** Header parameter alg (RFC 9052, section 3.1) and its value ES384 (RFC 9053, section 2.1). */
const ALG = 1
const ES384 = -35

export class CborError extends Error {}

/** One CBOR item, whole and strict: shortest integers, no indefinite lengths, no name twice. Maps are Maps. */
export function decodeCbor(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, {
      useMaps: true,
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      rejectDuplicateMapKeys: true,
    })
  } catch (cause) {
    // Also a RangeError: the nesting of a hostile item may exhaust the stack.
    throw new CborError('not CBOR', { cause })
  }
}

/** @throws {CborError} */
export function parseCoseSign1(bytes: Uint8Array): CoseSign1 {
  const item = decodeCbor(bytes)
  if (!Array.isArray(item) || item.length !== 4) throw new CborError('not a COSE_Sign1 structure')
  const [protectedHeader, unprotectedHeader, payload, signature] = item as readonly unknown[]
  const wellFormed =
    protectedHeader instanceof Uint8Array &&
    unprotectedHeader instanceof Map &&
    payload instanceof Uint8Array &&
    signature instanceof Uint8Array
  if (!wellFormed) throw new CborError('not a COSE_Sign1 structure')
  const header = decodeCbor(protectedHeader)
  if (!(header instanceof Map) || header.size !== 1 || header.get(ALG) !== ES384) {
    throw new CborError('not signed with ES384')
  }
  return { protectedHeader, payload, signature }
}

/** Sig_structure (RFC 9052, section 4.4). */
function signedBytes(protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array {
  return encode(['Signature1', protectedHeader, new Uint8Array(0), payload])
}

/** @param key on P-384. */
export function verifyCoseSign1({ protectedHeader, payload, signature }: CoseSign1, key: KeyObject): boolean {
  return verify('sha384', signedBytes(protectedHeader, payload), { key, dsaEncoding: 'ieee-p1363' }, signature)
}

/** @param key on P-384. */
export function signCoseSign1(payload: Uint8Array, key: KeyObject): Uint8Array {
  const protectedHeader = encode(new Map([[ALG, ES384]]))
  const signature = sign('sha384', signedBytes(protectedHeader, payload), { key, dsaEncoding: 'ieee-p1363' })
  return encode([protectedHeader, new Map(), payload, new Uint8Array(signature)])
}
