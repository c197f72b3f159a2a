/**
 * What an import token says, before it is sealed (lifecycle.md IMP-90; docs/formats/import-token.md):
 *
 *   offset  0  format 01                                        1
 *           1  issued at, ms since the epoch, u64be             8
 *           9  expires at, ms since the epoch, u64be            8
 *          17  u16be(length) ‖ wrapping algorithm               n
 *        17+n  u16be(length) ‖ wrapping key spec                m
 *      17+n+m  wrapping private key, PKCS#8 DER                 rest
 *
 * The key that it is for is not in it but in what authenticates it.
 */
import { field, u8, u64be } from '../bytes.ts'
import type { WrappingAlgorithm, WrappingKeySpec } from './wrapping-algorithms.ts'

const FORMAT = 1
const ISSUED_AT = 1
const EXPIRES_AT = 9
const NAMES_AT = 17

export interface ImportTokenContent {
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  /** From this millisecond on the token is too old. */
  readonly expiresAt: number
  readonly algorithm: WrappingAlgorithm
  readonly wrappingKeySpec: WrappingKeySpec
  /** PKCS#8 DER. */
  readonly privateKey: Buffer
}

/** The caller wipes the result. */
export function encodeImportToken(content: ImportTokenContent): Buffer {
  const times = [u64be(content.issuedAt), u64be(content.expiresAt)]
  const names = [field(content.algorithm), field(content.wrappingKeySpec)]
  return Buffer.concat([u8(FORMAT), ...times, ...names, content.privateKey])
}

/** @param bytes authenticated before; the private key shares their memory. @throws {Error} for another format. */
export function decodeImportToken(bytes: Buffer): ImportTokenContent {
  if (bytes[0] !== FORMAT) throw new Error(`import tokens of format ${bytes[0]} are not known`)
  const algorithmEnd = fieldEnd(bytes, NAMES_AT)
  const specEnd = fieldEnd(bytes, algorithmEnd)
  return {
    issuedAt: Number(bytes.readBigUInt64BE(ISSUED_AT)),
    expiresAt: Number(bytes.readBigUInt64BE(EXPIRES_AT)),
    algorithm: fieldText(bytes, NAMES_AT, algorithmEnd) as WrappingAlgorithm,
    wrappingKeySpec: fieldText(bytes, algorithmEnd, specEnd) as WrappingKeySpec,
    privateKey: bytes.subarray(specEnd),
  }
}

const LENGTH_BYTES = 2

function fieldEnd(bytes: Buffer, start: number): number {
  return start + LENGTH_BYTES + bytes.readUInt16BE(start)
}

function fieldText(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start + LENGTH_BYTES, end)
}
