/** Recipients that prove with an attestation document who they are, and to whom alone a secret is given (operations.md 3.0). */
import { validationError } from '../base/errors.ts'
import type { Pcrs } from '../crypto/attestation/attestation-document.ts'
import type { ConditionValues } from './policy/condition-values.ts'

export interface AttestedRecipient {
  readonly moduleId: string
  /** PCR0, lower-case hex; `undefined` for a NitroTPM document. */
  readonly imageDigest: string | undefined
  /** `kms:RecipientAttestation:…` (authorization.md 3.2). */
  readonly conditions: ConditionValues
  /** CMS EnvelopedData that only the recipient opens, BER. */
  envelop(secret: Uint8Array): Buffer
}

/** As it stands in a request. */
export interface RecipientInfo {
  readonly KeyEncryptionAlgorithm?: string
  readonly AttestationDocument?: Uint8Array
}

export interface Attestations {
  /**
   * @param time milliseconds since the epoch, at which the certificates must be valid.
   * @throws {KmsError} `ValidationException` for a document that proves nothing.
   */
  verify(recipient: RecipientInfo, time: number): Promise<AttestedRecipient>
}

/** Loaded at first use: most servers never meet a recipient, and the ASN.1 and CBOR readers would double their start. */
async function library() {
  const [{ verifyAttestation }, { encryptForRecipient }] = await Promise.all([
    import('../crypto/attestation/attestation-document.ts'),
    import('../crypto/attestation/enveloped-data.ts'),
  ])
  return { verifyAttestation, encryptForRecipient }
}

/** @param roots DER of the root certificates that are trusted. */
export function createAttestations(roots: readonly Uint8Array[]): Attestations {
  return {
    async verify({ KeyEncryptionAlgorithm, AttestationDocument }, time) {
      // The model has both optional; neither can be guessed.
      if (KeyEncryptionAlgorithm === undefined) throw validationError('Recipient requires KeyEncryptionAlgorithm.')
      if (AttestationDocument === undefined) throw validationError('Recipient requires AttestationDocument.')
      const { verifyAttestation, encryptForRecipient } = await library()
      const { moduleId, pcrs, nitroTpmPcrs, publicKey } = verifyAttestation(AttestationDocument, { roots, time })
      return {
        moduleId,
        imageDigest: pcrs.get(0),
        conditions: conditionsOf(pcrs, nitroTpmPcrs),
        envelop: (secret) => encryptForRecipient(publicKey, secret),
      }
    },
  }
}

function conditionsOf(pcrs: Pcrs, nitroTpmPcrs: Pcrs): ConditionValues {
  const conditions: Record<string, string | undefined> = { 'kms:RecipientAttestation:ImageSha384': pcrs.get(0) }
  for (const [index, digest] of pcrs) conditions[`kms:RecipientAttestation:PCR${index}`] = digest
  for (const [index, digest] of nitroTpmPcrs) conditions[`kms:RecipientAttestation:NitroTPMPCR${index}`] = digest
  return conditions
}
