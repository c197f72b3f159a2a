/**
 * Seeds encrypted and decrypted by a key in a KMS.
 *
 * Encrypt of AWS KMS does not say by which key material, Decrypt does. So each ciphertext is decrypted once before anybody gets it: its
 * `key_id` is that of this very ciphertext, whatever is rotated meanwhile, and nothing is ever written under a seed that the key would not
 * give back. Seeds are few, one at each start of an API server and at each rotation.
 */
import { KUBERNETES_CIPHERTEXT_BYTES_MAX } from '../base/limits.ts'
import type { KmsCall } from '../outgoing/kms-calls.ts'
import { GrpcError } from './grpc-error.ts'
import { type KeyId, keyBehind } from './key-id.ts'
import { grpcErrorOf } from './kms-failures.ts'

export interface EncryptedSeed {
  readonly ciphertext: Buffer
  readonly keyId: KeyId
}

/** What they throw is a {@link GrpcError}. */
export interface KeyCalls {
  encrypt(seed: Buffer, signal: AbortSignal): Promise<EncryptedSeed>
  /** @param keyId text of the one that `encrypt` returned */
  decrypt(ciphertext: Buffer, keyId: string, signal: AbortSignal): Promise<Buffer>
}

export interface KeyCallsOptions {
  /** ARN of a key, or of an alias. */
  readonly key: string
  readonly encryptionContext: Readonly<Record<string, string>>
  readonly call: KmsCall
}

export function createKeyCalls({ key, encryptionContext: EncryptionContext, call }: KeyCallsOptions): KeyCalls {
  async function ask(operation: 'Encrypt' | 'Decrypt', input: object, signal: AbortSignal) {
    try {
      return await call(operation, { ...input, EncryptionContext }, signal)
    } catch (error) {
      throw grpcErrorOf(error)
    }
  }

  return {
    async encrypt(seed, signal) {
      const Plaintext = seed.toString('base64')
      const encrypted = await ask('Encrypt', { KeyId: key, Plaintext }, signal)
      const [keyArn, CiphertextBlob] = [textOf(encrypted, 'KeyId'), textOf(encrypted, 'CiphertextBlob')]
      // Decrypt would refuse it later.
      if (keyBehind(key, keyArn) !== keyArn)
        throw new GrpcError('INTERNAL', `the KMS answers for another key: ${keyArn}`)
      const opened = await ask('Decrypt', { KeyId: keyArn, CiphertextBlob }, signal)
      if (textOf(opened, 'Plaintext') !== Plaintext) throw new GrpcError('INTERNAL', `${key} gives back something else`)
      return { ciphertext: ciphertextOf(CiphertextBlob), keyId: { keyArn, keyMaterialId: materialOf(opened) } }
    },

    async decrypt(ciphertext, keyId, signal) {
      const KeyId = keyBehind(key, keyId)
      if (KeyId === undefined) {
        throw new GrpcError('INVALID_ARGUMENT', `${key} has encrypted nothing under this key_id`)
      }
      const opened = await ask('Decrypt', { KeyId, CiphertextBlob: ciphertext.toString('base64') }, signal)
      return Buffer.from(textOf(opened, 'Plaintext'), 'base64')
    },
  }
}

type Answer = Readonly<Record<string, unknown>>

function textOf(answer: Answer, member: string): string {
  const value = answer[member]
  if (typeof value === 'string' && value !== '') return value
  throw new GrpcError('INTERNAL', `an answer of the KMS has no ${member}`)
}

function materialOf({ KeyMaterialId }: Answer): string | undefined {
  return typeof KeyMaterialId === 'string' && /^[0-9a-f]{64}$/.test(KeyMaterialId) ? KeyMaterialId : undefined
}

function ciphertextOf(base64: string): Buffer {
  const ciphertext = Buffer.from(base64, 'base64')
  const [length, most] = [ciphertext.length, KUBERNETES_CIPHERTEXT_BYTES_MAX]
  if (length <= most) return ciphertext
  throw new GrpcError(
    'FAILED_PRECONDITION',
    `ciphertexts of this key have ${length} bytes, and Kubernetes keeps ${most}`,
  )
}
