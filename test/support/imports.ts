/** Key material on its way into a key, wrapped as its owner would: without any of our code. */
import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import type { Answer, Caller, Harness } from './harness.ts'

export const NEVER = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const

/** An answer of GetParametersForImport with what was asked for. */
export interface ImportParameters {
  readonly KeyId: string
  readonly ImportToken: string
  /** SPKI DER in base64. */
  readonly PublicKey: string
  readonly algorithm: string
}

/** As a rule a quick way that the key's spec allows. */
export async function parametersFor(
  harness: Harness,
  KeyId: string,
  WrappingAlgorithm = 'RSAES_OAEP_SHA_256',
  WrappingKeySpec = 'RSA_2048',
  caller?: Caller,
): Promise<ImportParameters> {
  const answer = await harness.call('GetParametersForImport', { KeyId, WrappingAlgorithm, WrappingKeySpec }, caller)
  return { ...answer, algorithm: WrappingAlgorithm }
}

function oaep(publicKey: string, algorithm: string, plaintext: Uint8Array): Buffer {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  const oaepHash = algorithm.endsWith('_SHA_1') ? 'sha1' : 'sha256'
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, plaintext)
}

/** `EncryptedKeyMaterial` (lifecycle.md 4.3), for the algorithms under RSA. */
export function wrap({ PublicKey, algorithm }: ImportParameters, material: Uint8Array): Buffer {
  if (algorithm.startsWith('RSAES_OAEP')) return oaep(PublicKey, algorithm, material)
  const kek = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', kek, Buffer.from('a65959a6', 'hex'))
  return Buffer.concat([oaep(PublicKey, algorithm, kek), cipher.update(material)])
}

/** ImportKeyMaterial of material that never expires, unless `members` say otherwise. */
export async function importMaterial(
  harness: Harness,
  KeyId: string,
  material: Uint8Array,
  members: object = NEVER,
  algorithm = 'RSAES_OAEP_SHA_256',
  caller?: Caller,
): Promise<Answer> {
  const parameters = await parametersFor(harness, KeyId, algorithm, undefined, caller)
  const EncryptedKeyMaterial = wrap(parameters, material)
  const request = { KeyId, ImportToken: parameters.ImportToken, EncryptedKeyMaterial, ...members }
  return harness.call('ImportKeyMaterial', request, caller)
}

/** Whole seconds since the epoch, `seconds` from the harness's now. */
export function secondsFromNow(harness: Harness, seconds: number): number {
  return Math.floor(harness.clock.now() / 1000) + seconds
}
