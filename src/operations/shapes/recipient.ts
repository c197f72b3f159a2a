/** The attested recipient of a plaintext (operations.md 3.0). The pipeline verifies it; a handler envelops what it gives. */
import { blob, enumeration, optional, structure } from '../../base/schema.ts'
import type { AttestedRecipient } from '../../domain/attestation.ts'

export const recipient = optional(
  structure({
    KeyEncryptionAlgorithm: optional(enumeration(['RSAES_OAEP_SHA_256'])),
    AttestationDocument: optional(blob(1, 262_144)),
  }),
)

/**
 * The member that carries a secret: under its own name in plaintext, or enveloped for the recipient, never both.
 * Wipes `secret`.
 */
export function secretMember(
  name: 'Plaintext' | 'PrivateKeyPlaintext' | 'SharedSecret',
  secret: Buffer,
  to: AttestedRecipient | undefined,
): Readonly<Record<string, string>> {
  const member =
    to === undefined
      ? { [name]: secret.toString('base64') }
      : { CiphertextForRecipient: to.envelop(secret).toString('base64') }
  secret.fill(0)
  return member
}
