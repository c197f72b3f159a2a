/**
 * Ciphertext suites 0x02 and 0x03 (keystores.md 2.5, lifecycle.md 8.7; docs/formats/ciphertext-blob.md), for keys whose material is in
 * an HSM. What is here is everything but the AES-GCM itself, which the HSM does.
 *
 *   offset  0  magic 4B4D53 ‖ format version 01 ‖ suite ‖ flags 00 ‖ header length               8 bytes
 *           8  KeyMaterialId, which is the HSM key's CKA_ID                                     32
 *          40  suite 0x03 only: N, 00 ‖ 15 random bytes                                         16
 *              IV, random                                                                       12
 *              AES-256-GCM ciphertext of 32 zero bytes ‖ plaintext; then the tag        32 + n + 16
 */
import { invalidCiphertext } from '../base/errors.ts'
import { IV_BYTES, TAG_BYTES } from './aead.ts'
import type { BlobKeyNames } from './ciphertext-blob.ts'
import { blobKeyContext } from './ciphertext-blob.ts'
import { sha256 } from './hash.ts'

/** The HSM's key encrypts messages itself. */
export const DIRECT_SUITE = 0x02
/** The HSM derives a key for each message. */
export const DERIVED_SUITE = 0x03
export type HsmSuite = typeof DIRECT_SUITE | typeof DERIVED_SUITE

const ID_AT = 8
const ID_END = 40
const N_BYTES = 16
const HEADER_BYTES: Readonly<Record<HsmSuite, number>> = { [DIRECT_SUITE]: 52, [DERIVED_SUITE]: 68 }
/** Commitment by padding: a ciphertext opens to these under one key only. */
const ZEROS = Buffer.alloc(32)
const AAD_LABEL = Buffer.from('kms:hsm-aad:v1\0')

/** Random bytes that {@link hsmMessage} needs. */
export const HSM_NONCE_BYTES = N_BYTES + IV_BYTES

/** Which key a message belongs to, and under which encryption context. */
export interface HsmBinding extends BlobKeyNames {
  readonly suite: HsmSuite
  /** 32 bytes. */
  readonly materialId: Buffer
  /** H_ec, 32 bytes. */
  readonly contextHash: Uint8Array
}

/** What the HSM is told of one message. */
export interface HsmMessage {
  readonly header: Buffer
  readonly iv: Buffer
  readonly aad: Buffer
  /** For CKM_AES_ECB_ENCRYPT_DATA, 32 bytes; of suite 0x03. */
  readonly derivationData: Buffer | undefined
}

function prefix(suite: HsmSuite): Buffer {
  return Buffer.from([0x4b, 0x4d, 0x53, 0x01, suite, 0x00, 0x00, HEADER_BYTES[suite]])
}

function isHsmSuite(suite: number | undefined): suite is HsmSuite {
  return suite === DIRECT_SUITE || suite === DERIVED_SUITE
}

/** The blob has prefix and length of one of the two suites; and the first byte of N is 0, which is what keeps N unique. */
export function isHsmBlob(blob: Buffer): boolean {
  const suite = blob[4]
  if (!isHsmSuite(suite) || blob.length <= HEADER_BYTES[suite] + ZEROS.length + TAG_BYTES) return false
  if (blob.compare(prefix(suite), 0, ID_AT, 0, ID_AT) !== 0) return false
  return suite === DIRECT_SUITE || blob[ID_END] === 0
}

/** @param nonces {@link HSM_NONCE_BYTES} fresh random bytes. */
export function newHsmMessage(binding: HsmBinding, nonces: Buffer): HsmMessage {
  const n = Buffer.from(nonces.subarray(0, N_BYTES))
  n[0] = 0
  const iv = nonces.subarray(N_BYTES)
  const { suite, materialId } = binding
  const header = Buffer.concat([prefix(suite), materialId, suite === DERIVED_SUITE ? n : Buffer.alloc(0), iv])
  return messageOf(binding, header)
}

/** @throws {KmsError} `InvalidCiphertextException` if the blob is of another suite or material. */
export function hsmMessageOf(binding: HsmBinding, blob: Buffer): HsmMessage {
  const { suite, materialId } = binding
  const isOurs =
    isHsmBlob(blob) && blob[4] === suite && blob.compare(materialId, 0, ID_END - ID_AT, ID_AT, ID_END) === 0
  if (!isOurs) throw invalidCiphertext()
  return messageOf(binding, blob.subarray(0, HEADER_BYTES[suite]))
}

function messageOf(binding: HsmBinding, header: Buffer): HsmMessage {
  const isDerived = binding.suite === DERIVED_SUITE
  const iv = header.subarray(header.length - IV_BYTES)
  const n = isDerived ? header.subarray(ID_END, ID_END + N_BYTES) : undefined
  const bound = Buffer.concat([AAD_LABEL, Buffer.of(binding.suite), blobKeyContext(binding), binding.contextHash])
  return { header, iv, aad: Buffer.concat([header, sha256(bound)]), derivationData: n && derivationData(n) }
}

/** `01 ‖ N15 ‖ 02 ‖ N15`: two blocks that no other message and no other block of this one ever has. */
function derivationData(n: Buffer): Buffer {
  const n15 = n.subarray(1)
  return Buffer.concat([Buffer.of(1), n15, Buffer.of(2), n15])
}

/** What is sealed: the caller wipes it. */
export function padded(plaintext: Uint8Array): Buffer {
  return Buffer.concat([ZEROS, plaintext])
}

/** Ciphertext and tag of a blob. */
export function hsmBody({ header }: HsmMessage, blob: Buffer): Buffer {
  return blob.subarray(header.length)
}

/** The plaintext without its padding. @throws {KmsError} `InvalidCiphertextException` if the padding is not there. */
export function unpadded(opened: Buffer): Buffer {
  if (opened.length > ZEROS.length && opened.compare(ZEROS, 0, ZEROS.length, 0, ZEROS.length) === 0) {
    return opened.subarray(ZEROS.length)
  }
  opened.fill(0)
  throw invalidCiphertext()
}
