/**
 * The key that signs checkpoints of the audit log (audit.md section 10): Ed25519 (RFC 8032). It has nothing to do with the keys of the
 * service and cannot be reached through its API.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { sha256Hex } from './hash.ts'

export interface AuditKey {
  /** SubjectPublicKeyInfo (RFC 8410), base64. */
  readonly publicKey: string
  /** @returns the signature of the text's UTF-8 bytes, base64. */
  sign(text: string): string
}

const KEY_TYPE = 'ed25519'

/** PKCS #8, PEM: the content of a file that only its owner reads. */
export function newAuditKeyPem(): string {
  const { privateKey } = generateKeyPairSync(KEY_TYPE)
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
}

/** @throws {Error} if it is no Ed25519 key; the text does not show it. */
export function auditKeyOf(pem: string): AuditKey {
  const privateKey = readPrivateKey(pem)
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64')
  return { publicKey, sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64') }
}

function readPrivateKey(pem: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    // OpenSSL's text says where in the file it stopped, and nobody needs to know.
    throw new Error('it is not a private key in PEM')
  }
  if (key.asymmetricKeyType !== KEY_TYPE) throw new Error('it is not an Ed25519 key')
  return key
}

/** @param publicKey as in {@link AuditKey}. False for whatever is none, too. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  const key = readPublicKey(publicKey)
  return key !== undefined && verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'))
}

function readPublicKey(text: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), type: 'spki', format: 'der' })
    return key.asymmetricKeyType === KEY_TYPE ? key : undefined
  } catch {
    return undefined
  }
}

/** For people: the first 16 hex digits of the SHA-256 of the SubjectPublicKeyInfo. */
export function fingerprintOf(publicKey: string): string {
  return sha256Hex(Buffer.from(publicKey, 'base64')).slice(0, 16)
}
