/**
 * What Keyhold makes as the external key manager of another KMS, suite "xks-server v1" (keystores.md 6.3;
 * docs/formats/external-key-message.md). Each message has a key of its own, so a key of the service is good for as many as anybody
 * sends. `ciphertextMetadata`, always 20 bytes, says which:
 *
 *   offset  0  version 01                                    1
 *           1  material index, big-endian                    3
 *           4  N, random                                    16
 *
 * KDF in counter mode with HMAC-SHA-256 (SP 800-108 4.1), one round of 256 bits: K is AES-256-GCM's.
 */
import { invalidCiphertext } from '../base/errors.ts'
import { IV_BYTES, open, seal, TAG_BYTES } from './aead.ts'
import { u16be, u32be } from './bytes.ts'
import type { BlobKey } from './ciphertext-blob.ts'
import type { ExternalCiphertext } from './external-blob.ts'
import { hmacSha256 } from './hash.ts'

const VERSION = 1
const INDEX_AT = 1
const INDEX_BYTES = 3
const N_AT = INDEX_AT + INDEX_BYTES
const N_BYTES = 16
const METADATA_BYTES = N_AT + N_BYTES

/** Counter, label ‖ 00, and the version that the context begins with. */
const DERIVATION_START = Buffer.concat([u32be(1), Buffer.from('kms:xks-server:v1\0'), Buffer.of(VERSION)])
const OUTPUT_BITS = u32be(256)

/** N ‖ IV: what {@link sealExternalMessage} needs of randomness. */
export const EXTERNAL_MESSAGE_NONCE_BYTES = N_BYTES + IV_BYTES

/**
 * @param materialIndex of the key's material among all that the key has had, from 1.
 * @param nonces {@link EXTERNAL_MESSAGE_NONCE_BYTES} fresh random bytes.
 * @param aad the caller's, at most 65,535 bytes.
 */
export function sealExternalMessage(
  key: BlobKey,
  materialIndex: number,
  nonces: Buffer,
  aad: Uint8Array,
  plaintext: Uint8Array,
): ExternalCiphertext {
  const metadata = Buffer.alloc(METADATA_BYTES)
  metadata[0] = VERSION
  metadata.writeUIntBE(materialIndex, INDEX_AT, INDEX_BYTES)
  nonces.copy(metadata, N_AT, 0, N_BYTES)
  const iv = nonces.subarray(N_BYTES)
  const messageKey = deriveMessageKey(key, metadata)
  const sealed = seal(messageKey, iv, boundAad(aad, metadata), plaintext)
  messageKey.fill(0)
  const tagAt = sealed.length - TAG_BYTES
  return { iv, metadata, ciphertext: sealed.subarray(0, tagAt), tag: sealed.subarray(tagAt) }
}

/** @throws {KmsError} `InvalidCiphertextException` for what is not of this version. */
export function materialIndexOf({ metadata, iv }: Pick<ExternalCiphertext, 'metadata' | 'iv'>): number {
  if (metadata.length !== METADATA_BYTES || metadata[0] !== VERSION || iv.length !== IV_BYTES) throw invalidCiphertext()
  return metadata.readUIntBE(INDEX_AT, INDEX_BYTES)
}

/**
 * @param key with the material that {@link materialIndexOf} led to. The caller wipes the result.
 * @throws {KmsError} `InvalidCiphertextException` whatever the reason.
 */
export function openExternalMessage(
  key: BlobKey,
  aad: Uint8Array,
  { iv, metadata, ciphertext, tag }: ExternalCiphertext,
): Buffer {
  const messageKey = deriveMessageKey(key, metadata)
  const plaintext = open(messageKey, iv, boundAad(aad, metadata), Buffer.concat([ciphertext, tag]))
  messageKey.fill(0)
  if (plaintext === undefined) throw invalidCiphertext()
  return plaintext
}

/** XP-2. The caller wipes it. */
function deriveMessageKey({ hbk, names }: BlobKey, metadata: Buffer): Buffer {
  const n = metadata.subarray(N_AT)
  return hmacSha256(hbk, Buffer.concat([DERIVATION_START, n, Buffer.from(names, 'latin1'), OUTPUT_BITS]))
}

/** XA-1: with lengths, or metadata could be passed off as the caller's own data. */
function boundAad(aad: Uint8Array, metadata: Buffer): Buffer {
  return Buffer.concat([u16be(aad.length), aad, Buffer.of(metadata.length), metadata])
}
