/** What requests say (keystores.md 3.4, 3.5): strictly read where it counts, unknown members ignored. */
import { Base64Error, decodeBase64 } from '../base/base64.ts'
import { JsonError, parseJson } from '../base/json.ts'
import { XKS_AAD_BYTES_MAX, XKS_PLAINTEXT_BYTES_MAX, XKS_REQUEST_DEPTH_MAX } from '../base/limits.ts'
import {
  EXTERNAL_IV_BYTES,
  EXTERNAL_METADATA_BYTES_MAX,
  EXTERNAL_TAG_BYTES,
  type ExternalCiphertext,
} from '../crypto/external-blob.ts'
import type { Route } from './route.ts'
import { XksError } from './xks-error.ts'

export type Members = Readonly<Record<string, unknown>>

/** Who calls the other KMS and why, by its word. No value means anything here but to the operator's secondary authorisation. */
export interface RequestMetadata {
  readonly kmsRequestId: string
  readonly kmsOperation: string
  readonly awsPrincipalArn: string | undefined
  readonly kmsKeyArn: string | undefined
  readonly kmsViaService: string | undefined
  readonly awsSourceVpc: string | undefined
  readonly awsSourceVpce: string | undefined
}

const REQUIRED: Readonly<Record<Route['call'], readonly (keyof RequestMetadata)[]>> = {
  health: ['kmsRequestId', 'kmsOperation'],
  metadata: ['kmsRequestId', 'kmsOperation', 'awsPrincipalArn'],
  encrypt: ['kmsRequestId', 'kmsOperation', 'awsPrincipalArn', 'kmsKeyArn'],
  decrypt: ['kmsRequestId', 'kmsOperation', 'awsPrincipalArn', 'kmsKeyArn'],
}

/** @throws {XksError} `ValidationException`, as all of this file do unless they say otherwise. */
export function parseMembers(body: Uint8Array): Members {
  try {
    return object(parseJson(body, XKS_REQUEST_DEPTH_MAX), 'The request body')
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw invalid('The request body is not JSON.')
  }
}

export function readMetadata(members: Members, call: Route['call']): RequestMetadata {
  const given = object(members.requestMetadata, 'requestMetadata')
  for (const name of REQUIRED[call]) {
    if (typeof given[name] !== 'string' || given[name] === '') throw invalid(`requestMetadata lacks ${name}.`)
  }
  return {
    kmsRequestId: given.kmsRequestId as string,
    kmsOperation: given.kmsOperation as string,
    awsPrincipalArn: text(given.awsPrincipalArn),
    kmsKeyArn: text(given.kmsKeyArn),
    kmsViaService: text(given.kmsViaService),
    awsSourceVpc: text(given.awsSourceVpc),
    awsSourceVpce: text(given.awsSourceVpce),
  }
}

/** Values need not be validated; what is no text counts as absent. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

export interface EncryptRequest {
  /** The caller wipes it. */
  readonly plaintext: Buffer
  readonly aad: Buffer
  readonly wantsDataIntegrityValue: boolean
}

/** @throws {XksError} also `UnsupportedOperationException`, for what is longer than a proxy has to take. */
export function readEncrypt(members: Members): EncryptRequest {
  checkAlgorithm(members)
  const plaintext = requiredBytes(members, 'plaintext')
  const aad = optionalBytes(members, 'additionalAuthenticatedData')
  const { ciphertextDataIntegrityValueAlgorithm: wanted } = members
  if (wanted != null && wanted !== 'SHA_256') throw invalid('ciphertextDataIntegrityValueAlgorithm is not SHA_256.')
  checkLengths(plaintext, aad)
  return { plaintext, aad, wantsDataIntegrityValue: wanted === 'SHA_256' }
}

export interface DecryptRequest {
  readonly sealed: ExternalCiphertext
  readonly aad: Buffer
}

/** @throws {XksError} also `UnsupportedOperationException`, for what is longer than a proxy has to take. */
export function readDecrypt(members: Members): DecryptRequest {
  checkAlgorithm(members)
  const ciphertext = requiredBytes(members, 'ciphertext')
  const metadata = optionalBytes(members, 'ciphertextMetadata')
  const iv = requiredBytes(members, 'initializationVector')
  const tag = requiredBytes(members, 'authenticationTag')
  const aad = optionalBytes(members, 'additionalAuthenticatedData')
  if (metadata.length > EXTERNAL_METADATA_BYTES_MAX) throw invalid('ciphertextMetadata has more than 20 bytes.')
  if (!EXTERNAL_IV_BYTES.includes(iv.length)) throw invalid('initializationVector has not 12 or 16 bytes.')
  if (tag.length !== EXTERNAL_TAG_BYTES) throw invalid('authenticationTag has not 16 bytes.')
  checkLengths(ciphertext, aad)
  return { sealed: { ciphertext, metadata, iv, tag }, aad }
}

function checkAlgorithm({ encryptionAlgorithm }: Members): void {
  if (encryptionAlgorithm !== 'AES_GCM') throw invalid('encryptionAlgorithm is not AES_GCM.')
}

function checkLengths(content: Buffer, aad: Buffer): void {
  if (content.length <= XKS_PLAINTEXT_BYTES_MAX && aad.length <= XKS_AAD_BYTES_MAX) return
  const limits = `${XKS_PLAINTEXT_BYTES_MAX} bytes of plaintext and ${XKS_AAD_BYTES_MAX} of authenticated data`
  throw new XksError('UnsupportedOperationException', `More than ${limits} are not supported.`)
}

function requiredBytes(members: Members, name: string): Buffer {
  const bytes = optionalBytes(members, name)
  if (bytes.length === 0) throw invalid(`${name} is missing.`)
  return bytes
}

function optionalBytes(members: Members, name: string): Buffer {
  const value = members[name]
  if (value == null) return Buffer.alloc(0)
  if (typeof value !== 'string') throw invalid(`${name} is no text.`)
  try {
    return decodeBase64(value)
  } catch (error) {
    if (!(error instanceof Base64Error)) throw error
    throw invalid(`${name} is not base64.`)
  }
}

function object(value: unknown, what: string): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
  throw invalid(`${what} is no JSON object.`)
}

function invalid(text: string): XksError {
  return new XksError('ValidationException', text)
}
