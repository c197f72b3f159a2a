/**
 * Ciphertext suite 0x01 (lifecycle.md 8.5; docs/formats/ciphertext-blob.md):
 *
 *   offset  0  magic 4B4D53 ‖ format version 01 ‖ suite 01 ‖ flags 00 ‖ header length 0064     8 bytes
 *           8  KeyMaterialId                                                                  32
 *          40  N, random                                                                      16
 *          56  IV, random                                                                     12
 *          68  C, key commitment                                                              32
 *         100  AES-256-GCM ciphertext, as long as the plaintext; then the tag             n + 16
 */
import assert from 'node:assert'
import type { KeyObject } from 'node:crypto'
import { invalidCiphertext } from '../base/errors.ts'
import { CIPHERTEXT_BLOB_BYTES_MAX } from '../base/limits.ts'
import { IV_BYTES, open, seal, TAG_BYTES } from './aead.ts'
import { u32be } from './bytes.ts'
import { equalInConstantTime, hmacSha256, hmacSha256Latin1 } from './hash.ts'

const PREFIX = Buffer.from('4b4d530101000064', 'hex')
const PREFIX_START = PREFIX.readUInt32BE(0)
const PREFIX_END = PREFIX.readUInt32BE(4)
const SUITE = 0x01
const ID_AT = 8
const N_AT = 40
const IV_AT = 56
const COMMITMENT_AT = 68
const HEADER_BYTES = 100
const ID_BYTES = 32
const N_BYTES = 16
const CONTEXT_HASH_BYTES = 32
/** Header, one byte of ciphertext, tag. */
const BLOB_BYTES_MIN = HEADER_BYTES + 1 + TAG_BYTES

/** N ‖ IV: what {@link sealBlob} needs of randomness. */
export const BLOB_NONCE_BYTES = N_BYTES + IV_BYTES

/** Counter, label ‖ 00, suite: how every derivation begins. The counter's last byte is set for each use. */
const DERIVATION_START = Buffer.concat([u32be(0), Buffer.from('kms:ciphertext:v1'), Buffer.of(0, SUITE)])
const COUNTER_AT = 3
const OUTPUT_BITS = u32be(512)
const MESSAGE_KEY = 1
const COMMITMENT = 2

/** Names the key in the derivation. The Region is left out, so every member of a multi-Region set derives alike. */
export interface BlobKeyNames {
  readonly partition: string
  readonly account: string
  readonly keyId: string
}

/** What an HBK needs to seal and open blobs. Many thousands are in use at once, so it is two objects and no Buffer. */
export interface BlobKey {
  readonly hbk: KeyObject
  /**
   * KeyMaterialId ‖ u8(len partition) ‖ partition ‖ account ‖ u8(len key-id) ‖ key-id, as Latin-1: what every derivation has
   * between N and the encryption context.
   */
  readonly names: string
}

/** @param materialId 64 hex digits. */
export function blobKey(hbk: KeyObject, materialId: string, { partition, account, keyId }: BlobKeyNames): BlobKey {
  const parts = [Buffer.from(materialId, 'hex'), Buffer.of(partition.length), Buffer.from(partition)]
  const names = Buffer.concat([...parts, Buffer.from(account), Buffer.of(keyId.length), Buffer.from(keyId)])
  assert(names.length <= NAMES_BYTES_MAX)
  return { hbk, names: names.toString('latin1') }
}

/** KeyMaterialId, two names of at most 255 bytes with their lengths, an account. */
const NAMES_BYTES_MAX = ID_BYTES + 2 * 256 + 12
const N_IN_INPUT = DERIVATION_START.length
const NAMES_IN_INPUT = N_IN_INPUT + N_BYTES

/** One for all calls: nothing in it is secret, and nobody waits between filling and using it. */
const derivationBuffer = Buffer.alloc(NAMES_IN_INPUT + NAMES_BYTES_MAX + CONTEXT_HASH_BYTES + OUTPUT_BITS.length)
derivationBuffer.set(DERIVATION_START)

/** What both values are derived from, but for the counter. */
function derivationInput({ names }: BlobKey, n: Uint8Array, contextHash: Uint8Array): Buffer {
  derivationBuffer.set(n, N_IN_INPUT)
  const contextAt = NAMES_IN_INPUT + derivationBuffer.write(names, NAMES_IN_INPUT, 'latin1')
  const bitsAt = contextAt + CONTEXT_HASH_BYTES
  derivationBuffer.set(contextHash, contextAt)
  derivationBuffer.set(OUTPUT_BITS, bitsAt)
  return derivationBuffer.subarray(0, bitsAt + OUTPUT_BITS.length)
}

/** KDF in counter mode with HMAC-SHA-256 (SP 800-108 4.1): T(1) is the message key (CT-3). The caller wipes it. */
function deriveMessageKey({ hbk }: BlobKey, input: Buffer): Buffer {
  input[COUNTER_AT] = MESSAGE_KEY
  return hmacSha256(hbk, input)
}

/** T(2), which blobs show to everybody. */
function deriveCommitment({ hbk }: BlobKey, input: Buffer): string {
  input[COUNTER_AT] = COMMITMENT
  return hmacSha256Latin1(hbk, input)
}

/**
 * @param nonces N ‖ IV, {@link BLOB_NONCE_BYTES} fresh random bytes.
 * @param contextHash H_ec, 32 bytes.
 */
export function sealBlob(key: BlobKey, nonces: Buffer, contextHash: Uint8Array, plaintext: Uint8Array): Buffer {
  const input = derivationInput(key, nonces.subarray(0, N_BYTES), contextHash)
  const aad = Buffer.allocUnsafe(HEADER_BYTES + CONTEXT_HASH_BYTES)
  aad.set(PREFIX)
  aad.write(key.names.slice(0, ID_BYTES), ID_AT, 'latin1')
  aad.set(nonces, N_AT)
  aad.write(deriveCommitment(key, input), COMMITMENT_AT, 'latin1')
  aad.set(contextHash, HEADER_BYTES)
  const messageKey = deriveMessageKey(key, input)
  const sealed = seal(messageKey, nonces.subarray(N_BYTES), aad, plaintext)
  messageKey.fill(0)
  return Buffer.concat([aad.subarray(0, HEADER_BYTES), sealed])
}

/** The KeyMaterialId that a blob names, 64 hex digits; the first step of CT-5. */
export function materialIdOfBlob(blob: Buffer): string {
  if (!isWellFormed(blob)) throw invalidCiphertext()
  return blob.toString('hex', ID_AT, N_AT)
}

function isWellFormed(blob: Buffer): boolean {
  return (
    blob.length >= BLOB_BYTES_MIN &&
    blob.length <= CIPHERTEXT_BLOB_BYTES_MAX &&
    blob.readUInt32BE(0) === PREFIX_START &&
    blob.readUInt32BE(4) === PREFIX_END
  )
}

/** The last steps of CT-5: every failure looks the same. */
export function openBlob(key: BlobKey, contextHash: Uint8Array, blob: Buffer): Buffer {
  if (!isWellFormed(blob) || !key.names.startsWith(blob.toString('latin1', ID_AT, N_AT))) throw invalidCiphertext()
  const input = derivationInput(key, blob.subarray(N_AT, IV_AT), contextHash)
  const commitment = Buffer.from(deriveCommitment(key, input), 'latin1')
  if (!equalInConstantTime(commitment, blob.subarray(COMMITMENT_AT, HEADER_BYTES))) throw invalidCiphertext()
  const messageKey = deriveMessageKey(key, input)
  const aad = Buffer.concat([blob.subarray(0, HEADER_BYTES), contextHash])
  const plaintext = open(messageKey, blob.subarray(IV_AT, COMMITMENT_AT), aad, blob.subarray(HEADER_BYTES))
  messageKey.fill(0)
  if (plaintext === undefined) throw invalidCiphertext()
  return plaintext
}
