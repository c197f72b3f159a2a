/**
 * Nitro attestation documents: what a Recipient proves about itself (operations.md 3.0, Recipient). Syntax as AWS specifies
 * it for Nitro Enclaves; NitroTPM documents differ in the name of the measurements.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { type KmsError, validationError } from '../../base/errors.ts'
import { ChainError, verifyChain } from './certificate-chain.ts'
import { CborError, type CoseSign1, decodeCbor, parseCoseSign1, verifyCoseSign1 } from './cose-sign1.ts'

/** Platform configuration registers by index; the values are lower-case hex, as policies compare them. */
export type Pcrs = ReadonlyMap<number, string>

export interface VerifiedAttestation {
  readonly moduleId: string
  /** When the document was made, milliseconds since the epoch. */
  readonly timestamp: number
  /** Of an enclave; empty for a NitroTPM document. PCR0 is what policies call ImageSha384. */
  readonly pcrs: Pcrs
  /** Of a NitroTPM document; empty for an enclave's. */
  readonly nitroTpmPcrs: Pcrs
  /** RSA; what the answer is encrypted to. */
  readonly publicKey: KeyObject
  readonly userData: Uint8Array | undefined
  readonly nonce: Uint8Array | undefined
}

export interface AttestationTrust {
  /** DER of the root certificates. */
  readonly roots: readonly Uint8Array[]
  /** Milliseconds since the epoch. */
  readonly time: number
}

const PCR_INDEX_MAX = 31
/** SHA-256, SHA-384, SHA-512. */
const PCR_BYTES: ReadonlySet<number> = new Set([32, 48, 64])
const CERTIFICATE_BYTES_MAX = 4096
const CERTIFICATES_MAX = 16
const PUBLIC_KEY_BYTES_MAX = 1024
const CLAIM_BYTES_MAX = 4096
const RSA_BITS_MIN = 2048
const RSA_BITS_MAX = 4096
const NO_PCRS: Pcrs = new Map()

class DocumentError extends Error {}

/** @throws {KmsError} `ValidationException` that says why the document is refused. */
export function verifyAttestation(document: Uint8Array, trust: AttestationTrust): VerifiedAttestation {
  try {
    return verifyDocument(document, trust)
  } catch (error) {
    if (error instanceof DocumentError || error instanceof CborError || error instanceof ChainError)
      throw refused(error)
    throw error
  }
}

function refused(cause: Error): KmsError {
  return validationError(`The attestation document is refused: ${cause.message}.`)
}

function verifyDocument(document: Uint8Array, { roots, time }: AttestationTrust): VerifiedAttestation {
  const cose = parseCoseSign1(document)
  // Nothing but the certificates is looked at before the signature has been verified.
  const fields = decodeCbor(cose.payload)
  if (!(fields instanceof Map)) throw new DocumentError('its payload is no map')
  const bundle = fields.get('cabundle')
  if (!Array.isArray(bundle) || bundle.length === 0 || bundle.length > CERTIFICATES_MAX) throw malformed('cabundle')
  const chain = [...bundle, fields.get('certificate')].map((item) => bytes(item, 'certificate', CERTIFICATE_BYTES_MAX))
  checkSignature(cose, verifyChain(chain, roots, time).publicKey)
  return readFields(fields)
}

function checkSignature(cose: CoseSign1, key: KeyObject): void {
  // The curve that ES384 goes with here; the name is OpenSSL's for P-384.
  if (key.asymmetricKeyDetails?.namedCurve !== 'secp384r1' || !verifyCoseSign1(cose, key)) {
    throw new DocumentError('its signature does not verify')
  }
}

function readFields(fields: ReadonlyMap<unknown, unknown>): VerifiedAttestation {
  const moduleId = fields.get('module_id')
  if (typeof moduleId !== 'string' || moduleId === '') throw malformed('module_id')
  const timestamp = fields.get('timestamp')
  if (typeof timestamp !== 'number' || timestamp <= 0) throw malformed('timestamp')
  if (fields.get('digest') !== 'SHA384') throw malformed('digest')
  const [pcrs, nitroTpmPcrs] = [readPcrs(fields, 'pcrs'), readPcrs(fields, 'nitrotpm_pcrs')]
  if ((pcrs === undefined) === (nitroTpmPcrs === undefined)) throw malformed('pcrs')
  return Object.freeze({
    moduleId,
    timestamp,
    pcrs: pcrs ?? NO_PCRS,
    nitroTpmPcrs: nitroTpmPcrs ?? NO_PCRS,
    publicKey: readPublicKey(fields.get('public_key')),
    userData: readClaim(fields, 'user_data'),
    nonce: readClaim(fields, 'nonce'),
  })
}

function malformed(field: string): DocumentError {
  return new DocumentError(`its field ${field} is missing or malformed`)
}

function bytes(value: unknown, field: string, bytesMax: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length === 0 || value.length > bytesMax) throw malformed(field)
  return value
}

function readPcrs(fields: ReadonlyMap<unknown, unknown>, name: string): Pcrs | undefined {
  const value = fields.get(name)
  if (value === undefined) return undefined
  if (!(value instanceof Map) || value.size === 0 || value.size > PCR_INDEX_MAX + 1) throw malformed(name)
  const pcrs = new Map<number, string>()
  for (const [index, pcr] of value as ReadonlyMap<unknown, unknown>) {
    const inRange = Number.isInteger(index) && (index as number) >= 0 && (index as number) <= PCR_INDEX_MAX
    if (!inRange || !(pcr instanceof Uint8Array) || !PCR_BYTES.has(pcr.length)) throw malformed(name)
    pcrs.set(index as number, Buffer.from(pcr).toString('hex'))
  }
  return pcrs
}

/** SPKI DER of an RSA key: RSAES_OAEP_SHA_256 is the only way back to a recipient. */
function readPublicKey(value: unknown): KeyObject {
  const der = bytes(value, 'public_key', PUBLIC_KEY_BYTES_MAX)
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
  } catch {
    throw malformed('public_key')
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (key.asymmetricKeyType !== 'rsa' || bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) throw malformed('public_key')
  return key
}

/** Left out and null are the same. */
function readClaim(fields: ReadonlyMap<unknown, unknown>, name: string): Uint8Array | undefined {
  const value = fields.get(name)
  if (value === undefined || value === null) return undefined
  if (!(value instanceof Uint8Array) || value.length > CLAIM_BYTES_MAX) throw malformed(name)
  return value
}
