/**
 * Ciphertext suite 0x01 (lifecycle.md 8.5; docs/formats/ciphertext-blob.md), and suite 0x11, which differs in the suite byte
 * alone and only ever lies inside a blob of suite 0x10 (external-blob.ts):
 *
 *   offset  0  magic 4B4D53 ‖ format version 01 ‖ suite ‖ flags 00 ‖ header length 0064        8 bytes
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

const MAGIC_AND_VERSION = 0x4b4d5301
const SUITE_AT = 4
/** Flags and header length, after the suite. */
const FLAGS_AND_LENGTH = 0x000064
const ID_AT = 8
const N_AT = 40
const IV_AT = 56
const COMMITMENT_AT = 68
const COMMITMENT_BYTES = 32
const HEADER_BYTES = 100
const ID_BYTES = 32
const N_BYTES = 16
const CONTEXT_HASH_BYTES = 32
/** Header, one byte of ciphertext, tag. */
const BLOB_BYTES_MIN = HEADER_BYTES + 1 + TAG_BYTES

/** N ‖ IV: what {@link sealBlob} needs of randomness. */
export const BLOB_NONCE_BYTES = N_BYTES + IV_BYTES

/** Suite 0x01: what the clients of keys with material of ours hold. */
export const WHOLE_SUITE = 0x01
/** Suite 0x11: the inner layer of a key in an external key store, never accepted on its own. */
export const INNER_SUITE = 0x11
export type BlobSuite = typeof WHOLE_SUITE | typeof INNER_SUITE

/** Counter, label ‖ 00, suite: how every derivation begins. The counter's last byte and the suite are set for each use. */
const DERIVATION_START = Buffer.concat([u32be(0), Buffer.from('kms:ciphertext:v1'), Buffer.of(0, 0)])
const COUNTER_AT = 3
const SUITE_IN_INPUT = DERIVATION_START.length - 1
const OUTPUT_BITS = u32be(512)
const MESSAGE_KEY = 1
const COMMITMENT = 2

/** Names the key in the derivation. The Region is left out, so every member of a multi-Region set derives alike. */
export interface BlobKeyNames {
  readonly partition: string
  readonly account: string
  readonly keyId: string
}

/** u8(len partition) ‖ partition ‖ account ‖ u8(len key-id) ‖ key-id. */
export function blobKeyContext({ partition, account, keyId }: BlobKeyNames): Buffer {
  const parts = [Buffer.of(partition.length), Buffer.from(partition), Buffer.from(account)]
  return Buffer.concat([...parts, Buffer.of(keyId.length), Buffer.from(keyId)])
}

/** What an HBK needs to seal and open blobs. Many thousands are in use at once, so it is two objects and no Buffer. */
export interface BlobKey {
  readonly hbk: KeyObject
  /**
   * KeyMaterialId and {@link blobKeyContext}, as Latin-1: what every derivation has between N and the encryption context.
   */
  readonly names: string
}

/** @param materialId 64 hex digits. */
export function blobKey(hbk: KeyObject, materialId: string, of: BlobKeyNames): BlobKey {
  const names = Buffer.concat([Buffer.from(materialId, 'hex'), blobKeyContext(of)])
  assert(names.length <= NAMES_BYTES_MAX)
  return { hbk, names: names.toString('latin1') }
}

/** KeyMaterialId, two names of at most 255 bytes with their lengths, an account. */
const NAMES_BYTES_MAX = ID_BYTES + 2 * 256 + 12
const N_IN_INPUT = DERIVATION_START.length
const NAMES_IN_INPUT = N_IN_INPUT + N_BYTES

/**
 * One for all calls, like the buffers below: what is in them is public, and nobody waits between filling and using them. A view of
 * each blob's parts would cost more than copying them.
 */
const derivationBuffer = Buffer.alloc(NAMES_IN_INPUT + NAMES_BYTES_MAX + CONTEXT_HASH_BYTES + OUTPUT_BITS.length)
derivationBuffer.set(DERIVATION_START)
/** Its part that is the input: names of one partition all have the same length. */
let derivationView = derivationBuffer
const headerAndContext = Buffer.alloc(HEADER_BYTES + CONTEXT_HASH_BYTES)
const header = headerAndContext.subarray(0, HEADER_BYTES)
const iv = Buffer.alloc(IV_BYTES)
const statedCommitment = Buffer.alloc(COMMITMENT_BYTES)
const derivedCommitment = Buffer.alloc(COMMITMENT_BYTES)

/** What both values are derived from, but for the counter, for the header that {@link headerAndContext} begins with. */
function derivationInput({ names }: BlobKey, contextHash: Uint8Array, suite: BlobSuite): Buffer {
  derivationBuffer[SUITE_IN_INPUT] = suite
  header.copy(derivationBuffer, N_IN_INPUT, N_AT, IV_AT)
  const contextAt = NAMES_IN_INPUT + derivationBuffer.write(names, NAMES_IN_INPUT, 'latin1')
  const bitsAt = contextAt + CONTEXT_HASH_BYTES
  const end = bitsAt + OUTPUT_BITS.length
  derivationBuffer.set(contextHash, contextAt)
  derivationBuffer.set(OUTPUT_BITS, bitsAt)
  if (derivationView.length !== end) derivationView = derivationBuffer.subarray(0, end)
  return derivationView
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
export function sealBlob(
  key: BlobKey,
  nonces: Buffer,
  contextHash: Uint8Array,
  plaintext: Uint8Array,
  suite: BlobSuite = WHOLE_SUITE,
): Buffer {
  header.writeUInt32BE(MAGIC_AND_VERSION, 0)
  header.writeUInt32BE(suiteAndLength(suite), SUITE_AT)
  header.write(key.names, ID_AT, ID_BYTES, 'latin1')
  header.set(nonces, N_AT)
  const input = derivationInput(key, contextHash, suite)
  header.write(deriveCommitment(key, input), COMMITMENT_AT, 'latin1')
  headerAndContext.set(contextHash, HEADER_BYTES)
  header.copy(iv, 0, IV_AT, COMMITMENT_AT)
  const messageKey = deriveMessageKey(key, input)
  const blob = seal(messageKey, iv, headerAndContext, plaintext, header)
  messageKey.fill(0)
  return blob
}

/** It has prefix and length of the suite. */
export function isBlob(blob: Buffer, suite: BlobSuite = WHOLE_SUITE): boolean {
  return (
    blob.length >= BLOB_BYTES_MIN &&
    blob.length <= CIPHERTEXT_BLOB_BYTES_MAX &&
    blob.readUInt32BE(0) === MAGIC_AND_VERSION &&
    blob.readUInt32BE(SUITE_AT) === suiteAndLength(suite)
  )
}

function suiteAndLength(suite: BlobSuite): number {
  return (suite << 24) | FLAGS_AND_LENGTH
}

/** The last steps of CT-5: every failure looks the same. */
export function openBlob(key: BlobKey, contextHash: Uint8Array, blob: Buffer, suite: BlobSuite = WHOLE_SUITE): Buffer {
  if (!isBlob(blob, suite) || !key.names.startsWith(blob.toString('latin1', ID_AT, N_AT))) throw invalidCiphertext()
  blob.copy(header)
  const input = derivationInput(key, contextHash, suite)
  header.copy(statedCommitment, 0, COMMITMENT_AT)
  derivedCommitment.write(deriveCommitment(key, input), 'latin1')
  if (!equalInConstantTime(derivedCommitment, statedCommitment)) throw invalidCiphertext()
  headerAndContext.set(contextHash, HEADER_BYTES)
  header.copy(iv, 0, IV_AT, COMMITMENT_AT)
  const messageKey = deriveMessageKey(key, input)
  const plaintext = open(messageKey, iv, headerAndContext, blob.subarray(HEADER_BYTES))
  messageKey.fill(0)
  if (plaintext === undefined) throw invalidCiphertext()
  return plaintext
}
