/** Which key material a ciphertext blob names: the first step of CT-5, whatever the blob's suite. */
import { invalidCiphertext } from '../base/errors.ts'
import { CIPHERTEXT_BLOB_BYTES_MAX } from '../base/limits.ts'
import { isBlob } from './ciphertext-blob.ts'
import { isExternalBlob } from './external-blob.ts'
import { isHsmBlob } from './hsm-blob.ts'

const SUITE_AT = 4
/** All suites have it in the same place. */
const ID_AT = 8
const ID_END = 40

/** Suites that are accepted, each with its own rules on lengths. The inner layer of a doubly sealed one is none on its own. */
const WELL_FORMED: ReadonlyMap<number, (blob: Buffer) => boolean> = new Map([
  [0x01, isBlob],
  [0x02, isHsmBlob],
  [0x03, isHsmBlob],
  [0x10, isExternalBlob],
])

/** The KeyMaterialId, 64 hex digits. @throws {KmsError} `InvalidCiphertextException` for what is no blob of ours. */
export function materialIdOfBlob(blob: Buffer): string {
  const isWellFormed = WELL_FORMED.get(blob[SUITE_AT] ?? 0)
  if (blob.length > CIPHERTEXT_BLOB_BYTES_MAX || !isWellFormed?.(blob)) throw invalidCiphertext()
  return blob.toString('hex', ID_AT, ID_END)
}
