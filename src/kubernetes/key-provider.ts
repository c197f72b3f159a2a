/** What a Kubernetes API server is told of a key: a `key_id` that is true, does not go back and forth, and costs little to ask for. */
import type { Clock } from '../base/clock.ts'
import {
  KUBERNETES_CALL_MS_MAX,
  KUBERNETES_FAILURE_FRESH_MS,
  KUBERNETES_ROTATION_MS_MAX,
  KUBERNETES_STATUS_FRESH_MS,
} from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { GrpcError } from './grpc-error.ts'
import type { EncryptedSeed, KeyCalls } from './key-calls.ts'
import { type KeyId, keyIdText } from './key-id.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface KeyProvider {
  /** Of what would be encrypted now; from memory if that is fresh. @throws {GrpcError} if the key does not encrypt and decrypt. */
  currentKeyId(signal: AbortSignal): Promise<string>
  /** @throws {GrpcError} */
  encrypt(seed: Buffer, signal: AbortSignal): Promise<{ readonly ciphertext: Buffer; readonly keyId: string }>
  decrypt: KeyCalls['decrypt']
}

export interface KeyProviderOptions {
  readonly calls: KeyCalls
  readonly clock: Clock
  readonly log: Log
  /** Nobody asks any more. */
  readonly stopped: AbortSignal
}

/** What Status is tried with. */
const TRIAL = Buffer.from('keyhold kubernetes-plugin: status')

export function createKeyProvider({ calls, clock, log, stopped }: KeyProviderOptions): KeyProvider {
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
      learn((await calls.encrypt(TRIAL, signal)).keyId)
      return keyIdText(current!)
    } catch (error) {
      learnFailure(error)
      throw error
    }
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
      const isSameKey = current?.keyArn === keyId.keyArn
      previous = isSameKey && before !== undefined ? { text: before, replacedAt: now } : undefined
      current = keyId
      log.info({ keyId: text, before }, 'the key_id of the Kubernetes plugin')
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

    async encrypt(seed, signal) {
      let encrypted: EncryptedSeed
      try {
        encrypted = await calls.encrypt(seed, signal)
      } catch (error) {
        // Whoever asks for the status next is not told of before.
        outcomeAt = Number.NEGATIVE_INFINITY
        throw error
      }
      const { ciphertext, keyId } = encrypted
      if (learn(keyId)) return { ciphertext, keyId: keyIdText(keyId) }
      throw new GrpcError('UNAVAILABLE', 'the KMS has not rotated the key everywhere yet')
    },

    decrypt: calls.decrypt,
  }
}
