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
import type { KeyObject } from 'node:crypto'
import { invalidCiphertext } from '../base/errors.ts'
import { CIPHERTEXT_BLOB_BYTES_MAX } from '../base/limits.ts'
import { IV_BYTES, open, seal, TAG_BYTES } from './aead.ts'
import { u32be } from './bytes.ts'
import { equalInConstantTime, hmacSha256 } from './hash.ts'

const ID_AT = 8
const N_AT = 40
const IV_AT = 56
const COMMITMENT_AT = 68
const HEADER_BYTES = 100
const ID_BYTES = 32
const N_BYTES = 16
/** Header, one byte of ciphertext, tag. */
const BLOB_BYTES_MIN = HEADER_BYTES + 1 + TAG_BYTES

/** N ‖ IV: what {@link sealBlob} needs of randomness. */
export const BLOB_NONCE_BYTES = N_BYTES + IV_BYTES

/** Suite 0x01: what the clients of keys with material of ours hold. */
export const WHOLE_SUITE = 0x01
/** Suite 0x11: the inner layer of a key in an external key store, never accepted on its own. */
export const INNER_SUITE = 0x11
export type BlobSuite = typeof WHOLE_SUITE | typeof INNER_SUITE

/** The first 8 bytes of a blob. */
const PREFIXES: Readonly<Record<BlobSuite, Buffer>> = {
  [WHOLE_SUITE]: Buffer.from('4b4d530101000064', 'hex'),
  [INNER_SUITE]: Buffer.from('4b4d530111000064', 'hex'),
}

/** Counter, label ‖ 00, suite: how every derivation begins. The counter's last byte is set for each use. */
function derivationStart(suite: BlobSuite): Buffer {
  return Buffer.concat([u32be(0), Buffer.from('kms:ciphertext:v1'), Buffer.of(0, suite)])
}

const DERIVATION_STARTS: Readonly<Record<BlobSuite, Buffer>> = {
  [WHOLE_SUITE]: derivationStart(WHOLE_SUITE),
  [INNER_SUITE]: derivationStart(INNER_SUITE),
}

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

/** u8(len partition) ‖ partition ‖ account ‖ u8(len key-id) ‖ key-id, constant for a key: made once. */
export function blobKeyContext({ partition, account, keyId }: BlobKeyNames): Buffer {
  const parts = [Buffer.of(partition.length), Buffer.from(partition), Buffer.from(account)]
  return Buffer.concat([...parts, Buffer.of(keyId.length), Buffer.from(keyId)])
}

/** What an HBK needs to seal and open blobs. */
export interface BlobKey {
  readonly hbk: KeyObject
  /** 32 bytes. */
  readonly materialId: Uint8Array
  /** From {@link blobKeyContext}. */
  readonly context: Uint8Array
}

/** What both values are derived from, but for the counter: one buffer for the two. */
function derivationInput(key: BlobKey, n: Uint8Array, contextHash: Uint8Array, suite: BlobSuite): Buffer {
  return Buffer.concat([DERIVATION_STARTS[suite], n, key.materialId, key.context, contextHash, OUTPUT_BITS])
}

/** KDF in counter mode with HMAC-SHA-256 (SP 800-108 4.1): T(1) is the message key, T(2) the commitment (CT-3). */
function derive({ hbk }: BlobKey, input: Buffer, counter: typeof MESSAGE_KEY | typeof COMMITMENT): Buffer {
  input[COUNTER_AT] = counter
  return hmacSha256(hbk, input)
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
  const input = derivationInput(key, nonces.subarray(0, N_BYTES), contextHash, suite)
  const messageKey = derive(key, input, MESSAGE_KEY)
  const header = Buffer.concat([PREFIXES[suite], key.materialId, nonces, derive(key, input, COMMITMENT)])
  const sealed = seal(messageKey, nonces.subarray(N_BYTES), Buffer.concat([header, contextHash]), plaintext)
  messageKey.fill(0)
  return Buffer.concat([header, sealed])
}

/** It has prefix and length of the suite. */
export function isBlob(blob: Buffer, suite: BlobSuite = WHOLE_SUITE): boolean {
  const prefix = PREFIXES[suite]
  return (
    blob.length >= BLOB_BYTES_MIN &&
    blob.length <= CIPHERTEXT_BLOB_BYTES_MAX &&
    blob.compare(prefix, 0, prefix.length, 0, prefix.length) === 0
  )
}

/** The last steps of CT-5: every failure looks the same. */
export function openBlob(key: BlobKey, contextHash: Uint8Array, blob: Buffer, suite: BlobSuite = WHOLE_SUITE): Buffer {
  if (!isBlob(blob, suite)) throw invalidCiphertext()
  if (blob.compare(key.materialId, 0, ID_BYTES, ID_AT, N_AT) !== 0) throw invalidCiphertext()
  const input = derivationInput(key, blob.subarray(N_AT, IV_AT), contextHash, suite)
  const commitment = derive(key, input, COMMITMENT)
  if (!equalInConstantTime(commitment, blob.subarray(COMMITMENT_AT, HEADER_BYTES))) throw invalidCiphertext()
  const messageKey = derive(key, input, MESSAGE_KEY)
  const aad = Buffer.concat([blob.subarray(0, HEADER_BYTES), contextHash])
  const plaintext = open(messageKey, blob.subarray(IV_AT, COMMITMENT_AT), aad, blob.subarray(HEADER_BYTES))
  messageKey.fill(0)
  if (plaintext === undefined) throw invalidCiphertext()
  return plaintext
}
