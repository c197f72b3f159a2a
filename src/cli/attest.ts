/** `keyhold attest FILE`: an attestation document for development, as an enclave would show it. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { fileFault } from '../base/file-fault.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { publicKeyOfPem } from '../crypto/attestation/public-key.ts'
import { openAttestationIssuer } from '../start/attestation.ts'
import { defineCommand } from './command.ts'
import { EXIT_OK } from './terminal.ts'

export const attest = defineCommand({
  args: ['PUBLIC_KEY_FILE'],
  settings: ['attestationIssuer', 'pcrs', 'config'],
  description: `
Prints an attestation document (base64) for the RSA public key in PUBLIC_KEY_FILE (PEM), signed under
the root in the file of --attestation-issuer, which is made if it does not exist. A server trusts it if
it was started with 'keyhold dev --attestation-issuer' and the same file. Good for three hours.

  openssl genrsa -out enclave.pem 2048 && openssl rsa -in enclave.pem -pubout -out enclave.pub
  keyhold attest enclave.pub --attestation-issuer issuer.pem | base64 -d > document.cbor
  aws kms generate-data-key --key-id alias/app --key-spec AES_256 --recipient \\
    KeyEncryptionAlgorithm=RSAES_OAEP_SHA_256,AttestationDocument@=fileb://document.cbor

Its CiphertextForRecipient opens with: openssl cms -decrypt -inform DER -inkey enclave.pem`,
  async run({ settings, args: [file], terminal }) {
    const { attestationIssuer, pcrs } = settings
    if (attestationIssuer === undefined) throw new UsageError('--attestation-issuer is missing')
    const publicKey = readPublicKey(resolve(terminal.folder, file!))
    const issuer = await openAttestationIssuer(attestationIssuer, systemClock.now())
    const document = issuer.issue({ publicKey, time: systemClock.now(), ...(pcrs && { pcrs }) })
    terminal.print(document.toString('base64'))
    return EXIT_OK
  },
})

/** SPKI DER. */
function readPublicKey(path: string): Buffer {
  try {
    return publicKeyOfPem(readFileSync(path, 'utf8'))
  } catch (cause) {
    const { reason, hint = 'it is a PEM file, as openssl rsa -pubout writes it' } = fileFault(cause)
    throw new OperatorError(`cannot read a public key from ${path}: ${reason}`, { hint, cause })
  }
}
