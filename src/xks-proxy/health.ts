/**
 * Whether this process could do what it is asked for: looked at deeply and at intervals, with a test key of its own that is sealed
 * like any other and never stored, so no key of a customer is touched (keystores.md 6.4).
 */
import type { AuditSink } from '../audit/audit-record.ts'
import {
  XKS_SERVER_HEALTH_AGE_MS_MAX,
  XKS_SERVER_HEALTH_INTERVAL_MS,
  XKS_SERVER_HEALTH_SLOW_MS,
} from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { blobKey } from '../crypto/ciphertext-blob.ts'
import { TokenError, type TokenSubject } from '../crypto/domain-key.ts'
import {
  EXTERNAL_MESSAGE_NONCE_BYTES,
  openExternalMessage,
  sealExternalMessage,
} from '../crypto/external-key-message.ts'
import { equalInConstantTime, sha256Hex } from '../crypto/hash.ts'
import { secretKey } from '../crypto/key-object.ts'
import type { DomainKeys } from '../domain/keys/domain-keys.ts'
import type { RandomSource } from '../domain/services.ts'

export type HealthStatus = 'ACTIVE' | 'DEGRADED' | 'UNAVAILABLE'

export interface HealthServices {
  readonly domainKeys: Pick<DomainKeys, 'seal' | 'open'>
  readonly audit: Pick<AuditSink, 'admit'>
  readonly random: RandomSource
  readonly ensureFresh: () => Promise<void> | undefined
  readonly log: Log
  /** Milliseconds. */
  readonly monotonic: () => number
}

export interface Health {
  /** As it was within the last minute. */
  status(): Promise<HealthStatus>
  /** Looks now, and then at intervals. */
  start(): void
  stop(): void
}

const SUBJECT: TokenSubject = ['kms:xks-server-test-key:v1']
const KEY_BYTES = 32
const NAMES = { partition: 'aws', account: '000000000000', keyId: 'health' }
const MATERIAL_ID = sha256Hex(SUBJECT[0])

export function createHealth(services: HealthServices): Health {
  const { domainKeys, audit, random, log, monotonic } = services
  let token: Buffer | undefined
  let known: { readonly status: HealthStatus; readonly at: number } | undefined
  let looking: Promise<HealthStatus> | undefined
  let timer: NodeJS.Timeout | undefined

  async function newTestKey(): Promise<Buffer> {
    const secret = random.keyBytes(KEY_BYTES)
    try {
      token = await domainKeys.seal(SUBJECT, secret)
    } finally {
      secret.fill(0)
    }
    return domainKeys.open(SUBJECT, token)
  }

  /** Its token rests nowhere, so nobody seals it anew, and its domain key is destroyed one day (lifecycle.md ENV-31). */
  async function openTestKey(): Promise<Buffer> {
    if (token === undefined) return newTestKey()
    try {
      return await domainKeys.open(SUBJECT, token)
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
      return newTestKey()
    }
  }

  /** Store, audit log, domain keys and the ciphers: everything that a call passes. */
  async function roundTrip(): Promise<void> {
    await services.ensureFresh()
    audit.admit(false)
    const key = blobKey(secretKey(await openTestKey()), MATERIAL_ID, NAMES)
    const plaintext = random.nonce(KEY_BYTES)
    const sealed = sealExternalMessage(key, 1, random.nonce(EXTERNAL_MESSAGE_NONCE_BYTES), plaintext, plaintext)
    if (!equalInConstantTime(openExternalMessage(key, plaintext, sealed), plaintext)) {
      throw new Error('what was sealed with the test key does not open to the same bytes')
    }
  }

  async function look(): Promise<HealthStatus> {
    const startedAt = monotonic()
    let status: HealthStatus
    try {
      await roundTrip()
      status = monotonic() - startedAt > XKS_SERVER_HEALTH_SLOW_MS ? 'DEGRADED' : 'ACTIVE'
    } catch (error) {
      status = 'UNAVAILABLE'
      if (known?.status !== status)
        log.error({ err: error }, 'the test key of the external key store proxy does not work')
    }
    known = { status, at: monotonic() }
    return status
  }

  function lookOnce(): Promise<HealthStatus> {
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }

  return {
    async status() {
      const isRecent = known !== undefined && monotonic() - known.at <= XKS_SERVER_HEALTH_AGE_MS_MAX
      return isRecent ? known!.status : lookOnce()
    },
    start() {
      void lookOnce()
      timer = setInterval(lookOnce, XKS_SERVER_HEALTH_INTERVAL_MS).unref()
    },
    stop: () => clearInterval(timer),
  }
}
