/**
 * Ciphertext suite 0x10, the outer layer of keys in external key stores (keystores.md 5.1; docs/formats/external-blob.md):
 *
 *   offset  0  magic 4B4D53 ‖ format version 01 ‖ suite 10 ‖ flags 00        6 bytes
 *           6  header length h = 42 + v + m                                  2
 *           8  KeyMaterialId of the inner material                          32
 *          40  v, length of the IV: 12 or 16                                 1
 *          41  m, length of the metadata: 0 to 20                            1
 *          42  IV, then ciphertextMetadata, both from the proxy          v + m
 *           h  ciphertext from the proxy, as long as the inner blob          n
 *         h+n  tag from the proxy                                           16
 *
 * The proxy's tag covers IV and metadata (XA-1), the AAD that it gets covers the rest; lengths follow from them.
 */
import { CIPHERTEXT_BLOB_BYTES_MAX } from '../base/limits.ts'
import { u8, u16be } from './bytes.ts'
import type { BlobKeyNames } from './ciphertext-blob.ts'
import { sha256 } from './hash.ts'

const START = Buffer.from('4b4d53011000', 'hex')
const ID_AT = START.length + 2
const ID_BYTES = 32
const IV_LENGTH_AT = ID_AT + ID_BYTES
const METADATA_LENGTH_AT = IV_LENGTH_AT + 1
const IV_AT = METADATA_LENGTH_AT + 1

export const EXTERNAL_IV_BYTES: readonly number[] = [12, 16]
export const EXTERNAL_METADATA_BYTES_MAX = 20
export const EXTERNAL_TAG_BYTES = 16

const AAD_LABEL = Buffer.from('kms:xks-aad:v1')
const BINDING_LABEL = Buffer.from('kms:xks-bind:v1\0')

/** What the proxy made of an inner blob. */
export interface ExternalCiphertext {
  readonly iv: Buffer
  /** Empty if the proxy gave none. */
  readonly metadata: Buffer
  /** As long as what was sealed. */
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

/** @param materialId 32 bytes. */
export function externalBlob(materialId: Uint8Array, { iv, metadata, ciphertext, tag }: ExternalCiphertext): Buffer {
  const length = u16be(IV_AT + iv.length + metadata.length)
  const lengths = Buffer.of(iv.length, metadata.length)
  return Buffer.concat([START, length, materialId, lengths, iv, metadata, ciphertext, tag])
}

/** @returns the KeyMaterialId, 64 hex digits, and what is for the proxy; `undefined` for anything that is not such a blob. */
export function parseExternalBlob(
  blob: Buffer,
): { readonly materialId: string; readonly sealed: ExternalCiphertext } | undefined {
  if (blob.length <= IV_AT || blob.length > CIPHERTEXT_BLOB_BYTES_MAX || !startsAlike(blob)) return undefined
  const ivBytes = blob[IV_LENGTH_AT]!
  const metadataBytes = blob[METADATA_LENGTH_AT]!
  const end = IV_AT + ivBytes + metadataBytes
  const tagAt = blob.length - EXTERNAL_TAG_BYTES
  const isWellFormed =
    EXTERNAL_IV_BYTES.includes(ivBytes) &&
    metadataBytes <= EXTERNAL_METADATA_BYTES_MAX &&
    blob.readUInt16BE(START.length) === end &&
    tagAt > end
  if (!isWellFormed) return undefined
  return {
    materialId: blob.toString('hex', ID_AT, IV_LENGTH_AT),
    sealed: {
      iv: blob.subarray(IV_AT, IV_AT + ivBytes),
      metadata: blob.subarray(IV_AT + ivBytes, end),
      ciphertext: blob.subarray(end, tagAt),
      tag: blob.subarray(tagAt),
    },
  }
}

/** It has prefix and lengths of this suite. */
export function isExternalBlob(blob: Buffer): boolean {
  return parseExternalBlob(blob) !== undefined
}

function startsAlike(blob: Buffer): boolean {
  return blob.compare(START, 0, START.length, 0, START.length) === 0
}

/**
 * What the proxy authenticates with a ciphertext, 84 bytes. It learns neither names nor encryption context, only their hash.
 * @param materialId 32 bytes. @param externalId of the external key. @param contextHash H_ec, 32 bytes.
 */
export function externalAad(
  names: BlobKeyNames,
  externalId: string,
  materialId: Uint8Array,
  contextHash: Uint8Array,
): Buffer {
  const key = [...shortName(names.partition), Buffer.from(names.account), ...shortName(names.keyId)]
  const binding = sha256(Buffer.concat([BINDING_LABEL, ...key, ...shortName(externalId), contextHash]))
  return Buffer.concat([AAD_LABEL, START, materialId, binding])
}

/** u8(length) ‖ ASCII. */
function shortName(text: string): readonly Buffer[] {
  return [u8(text.length), Buffer.from(text)]
}

/** CDIV (keystores.md XA-2): finds bit errors before a data key's plaintext is thrown away; no defence against anybody. */
export function dataIntegrityValue(aad: Uint8Array, { iv, metadata, ciphertext, tag }: ExternalCiphertext): Buffer {
  return sha256(Buffer.concat([aad, metadata, iv, ciphertext, tag]))
}
