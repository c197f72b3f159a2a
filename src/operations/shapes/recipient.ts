/** The attested recipient of a plaintext (operations.md 3.0). The pipeline verifies it; a handler envelops what it gives. */
import { blob, enumeration, optional, structure } from '../../base/schema.ts'
import type { AttestedRecipient } from '../../domain/attestation.ts'

export const recipient = optional(
  structure({
    KeyEncryptionAlgorithm: optional(enumeration(['RSAES_OAEP_SHA_256'])),
    AttestationDocument: optional(blob(1, 262_144)),
  }),
)

/** What goes into the answer for a secret, in base64: one of the two. */
export interface HandedOver {
  /** For the member that a secret has of its own. */
  readonly plain: string | undefined
  /** For `CiphertextForRecipient`. */
  readonly enveloped: string | undefined
}

/** In plaintext, or enveloped for the recipient, never both. Wipes `secret`. */
export function handOver(secret: Buffer, to: AttestedRecipient | undefined): HandedOver {
  const plain = to === undefined ? secret.toString('base64') : undefined
  const enveloped = to?.envelop(secret).toString('base64')
  secret.fill(0)
  return { plain, enveloped }
}
