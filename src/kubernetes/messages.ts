/** The messages of Kubernetes' KMS v2 API (package `v2` of k8s.io/kms): names and numbers of their fields. */
import { bytesField, readFields, stringField, writeFields } from './protobuf.ts'

export interface StatusResponse {
  /** Of the API: `v2`. */
  readonly version: string
  /** `ok`; anything else is a failure. */
  readonly healthz: string
  readonly keyId: string
}

export interface EncryptRequest {
  readonly plaintext: Buffer
  /** Names the call in the logs of both sides. */
  readonly uid: string
}

export interface EncryptResponse {
  readonly ciphertext: Buffer
  readonly keyId: string
}

/** Its field 4, annotations, is what Encrypt answered with: nothing here. */
export interface DecryptRequest {
  readonly ciphertext: Buffer
  readonly uid: string
  /** As Encrypt answered. */
  readonly keyId: string
}

export function writeStatusResponse({ version, healthz, keyId }: StatusResponse): Buffer {
  return writeFields({ 1: version, 2: healthz, 3: keyId })
}

export function readEncryptRequest(message: Buffer): EncryptRequest {
  const fields = readFields(message)
  return { plaintext: bytesField(fields, 1), uid: stringField(fields, 2) }
}

export function writeEncryptResponse({ ciphertext, keyId }: EncryptResponse): Buffer {
  return writeFields({ 1: ciphertext, 2: keyId })
}

export function readDecryptRequest(message: Buffer): DecryptRequest {
  const fields = readFields(message)
  return { ciphertext: bytesField(fields, 1), uid: stringField(fields, 2), keyId: stringField(fields, 3) }
}

export function writeDecryptResponse(plaintext: Buffer): Buffer {
  return writeFields({ 1: plaintext })
}
