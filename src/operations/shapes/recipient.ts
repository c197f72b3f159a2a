/** The attested recipient of a plaintext (operations.md 3.0). */
import { KmsError } from '../../base/errors.ts'
import { blob, enumeration, optional, structure } from '../../base/schema.ts'

export const recipient = optional(
  structure({
    KeyEncryptionAlgorithm: optional(enumeration(['RSAES_OAEP_SHA_256'])),
    AttestationDocument: optional(blob(1, 262_144)),
  }),
)

/**
 * Attestation documents are not verified yet (docs/divergences.md), and a caller who asked for an enveloped answer must
 * never get a plain one.
 */
export function refuseRecipient({ Recipient }: { readonly Recipient?: unknown }): void {
  if (Recipient === undefined) return
  throw new KmsError('UnsupportedOperationException', 'Recipient is not supported.')
}
