/**
 * The key in the KMS, as a Kubernetes API server needs it: a `key_id` that is true, and seeds encrypted and decrypted.
 *
 * Encrypt of AWS KMS does not say by which key material, Decrypt does. So each ciphertext is decrypted once before anybody gets it: its
 * `key_id` is that of this very ciphertext, whatever is rotated meanwhile, and an API server never writes under a seed that the key would not
 * give back. Seeds are few, one at each start of an API server and at each rotation.
 */
import type { Clock } from '../base/clock.ts'
import {
  KUBERNETES_CALL_MS_MAX,
  KUBERNETES_CIPHERTEXT_BYTES_MAX,
  KUBERNETES_FAILURE_FRESH_MS,
  KUBERNETES_ROTATION_MS_MAX,
  KUBERNETES_STATUS_FRESH_MS,
} from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { KmsCall } from '../outgoing/kms-calls.ts'
import { GrpcError } from './grpc-error.ts'
import { type KeyId, keyIdText, keyToDecrypt } from './key-id.ts'
import { grpcErrorOf } from './kms-failures.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface KeyProvider {
  /** Of what would be encrypted now; from memory if that is fresh. @throws {GrpcError} if the key does not encrypt and decrypt. */
  currentKeyId(signal: AbortSignal): Promise<string>
  /** @throws {GrpcError} */
  encrypt(plaintext: Buffer, signal: AbortSignal): Promise<{ readonly ciphertext: Buffer; readonly keyId: string }>
  /** @param keyId as `encrypt` returned it. @throws {GrpcError} */
  decrypt(ciphertext: Buffer, keyId: string, signal: AbortSignal): Promise<Buffer>
}

export interface KeyProviderOptions {
  /** ARN of a key, or of an alias. */
  readonly key: string
  readonly encryptionContext: Readonly<Record<string, string>>
  readonly call: KmsCall
  readonly clock: Clock
  readonly log: Log
  /** Nobody asks any more. */
  readonly stopped: AbortSignal
}

interface Encrypted {
  readonly ciphertext: Buffer
  readonly keyId: KeyId
}

/** What Status is tried with. */
const TRIAL = Buffer.from('keyhold kubernetes-plugin: status')

export function createKeyProvider(options: KeyProviderOptions): KeyProvider {
  const { key, encryptionContext, call, clock, log, stopped } = options
  /** The last outcome: which key encrypts, or why none does. */
  let outcome: { readonly keyId: string } | { readonly error: unknown } | undefined
  let outcomeAt = Number.NEGATIVE_INFINITY
  let trial: Promise<string> | undefined
  let current: KeyId | undefined
  /** The key_id before, of the same key. */
  let previous: { readonly text: string; readonly replacedAt: number } | undefined

  async function tryKey(): Promise<string> {
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(KUBERNETES_CALL_MS_MAX), stopped])
      const { keyId } = await encryptAndOpen(TRIAL, signal)
      learn(keyId)
      return keyIdText(current!)
    } catch (cause) {
      const error = grpcErrorOf(cause)
      learnFailure(error)
      throw error
    }
  }

  async function encryptAndOpen(plaintext: Buffer, signal: AbortSignal): Promise<Encrypted> {
    const EncryptionContext = encryptionContext
    const Plaintext = plaintext.toString('base64')
    const encrypted = await call('Encrypt', { KeyId: key, Plaintext, EncryptionContext }, signal)
    const keyArn = textOf(encrypted, 'KeyId')
    const CiphertextBlob = textOf(encrypted, 'CiphertextBlob')
    const opened = await call('Decrypt', { KeyId: keyArn, CiphertextBlob, EncryptionContext }, signal)
    if (textOf(opened, 'Plaintext') !== Plaintext) throw new GrpcError('INTERNAL', `${key} gives back something else`)
    const ciphertext = Buffer.from(CiphertextBlob, 'base64')
    const keyMaterialId = typeof opened.KeyMaterialId === 'string' ? opened.KeyMaterialId : undefined
    return { ciphertext, keyId: { keyArn, keyMaterialId } }
  }

  /**
   * A KMS of several machines may answer with the key material of before for a while: key_id must not go back and forth. For good it goes back
   * only where a backup of the KMS was restored.
   * @returns whether it is the current one.
   */
  function learn(keyId: KeyId): boolean {
    const [text, now] = [keyIdText(keyId), clock.now()]
    const isLate = text === previous?.text && now - previous.replacedAt < KUBERNETES_ROTATION_MS_MAX
    const before = current && keyIdText(current)
    if (!isLate && text !== before) {
      previous =
        before !== undefined && current?.keyArn === keyId.keyArn ? { text: before, replacedAt: now } : undefined
      log.info({ keyId: text, before }, 'the key_id of the Kubernetes plugin')
      current = keyId
    }
    if (outcome !== undefined && 'error' in outcome) log.info({}, 'the key of the Kubernetes plugin can be used again')
    outcome = { keyId: keyIdText(current!) }
    outcomeAt = now
    return !isLate
  }

  function learnFailure(error: unknown): void {
    if (stopped.aborted) return
    if (outcome === undefined || !('error' in outcome)) {
      const { code, message: reason } = error as Partial<GrpcError>
      log.warn({ code, reason }, 'the key of the Kubernetes plugin cannot be used')
    }
    outcome = { error }
    outcomeAt = clock.now()
  }

  return {
    async currentKeyId(signal) {
      if (outcome !== undefined) {
        const ageMs = clock.now() - outcomeAt
        const freshMs = 'error' in outcome ? KUBERNETES_FAILURE_FRESH_MS : KUBERNETES_STATUS_FRESH_MS
        // A clock that was set back must not make it last.
        const isFresh = ageMs >= 0 && ageMs < freshMs
        if (isFresh && 'error' in outcome) throw outcome.error
        if (isFresh && 'keyId' in outcome) return outcome.keyId
      }
      trial ??= tryKey().finally(() => {
        trial = undefined
      })
      return unlessAborted(trial, signal)
    },

    async encrypt(plaintext, signal) {
      let encrypted: Encrypted
      try {
        encrypted = await encryptAndOpen(plaintext, signal)
      } catch (error) {
        // Whoever asks for the status next is not told of before.
        outcomeAt = Number.NEGATIVE_INFINITY
        throw grpcErrorOf(error)
      }
      const { ciphertext, keyId } = encrypted
      if (!learn(keyId)) throw new GrpcError('UNAVAILABLE', 'the KMS has not rotated the key everywhere yet')
      if (ciphertext.length <= KUBERNETES_CIPHERTEXT_BYTES_MAX) return { ciphertext, keyId: keyIdText(keyId) }
      const [length, most] = [ciphertext.length, KUBERNETES_CIPHERTEXT_BYTES_MAX]
      throw new GrpcError(
        'FAILED_PRECONDITION',
        `ciphertexts of this key have ${length} bytes, and Kubernetes keeps ${most}`,
      )
    },

    async decrypt(ciphertext, keyId, signal) {
      const KeyId = keyToDecrypt(key, keyId)
      const CiphertextBlob = ciphertext.toString('base64')
      try {
        const opened = await call('Decrypt', { KeyId, CiphertextBlob, EncryptionContext: encryptionContext }, signal)
        return Buffer.from(textOf(opened, 'Plaintext'), 'base64')
      } catch (error) {
        throw grpcErrorOf(error)
      }
    },
  }
}

function textOf(answer: Readonly<Record<string, unknown>>, member: string): string {
  const value = answer[member]
  if (typeof value === 'string' && value !== '') return value
  throw new GrpcError('INTERNAL', `an answer of the KMS has no ${member}`)
}
