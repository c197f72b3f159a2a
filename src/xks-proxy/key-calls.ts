/**
 * Encrypt, Decrypt and GetKeyMetadata of the protocol, for whoever has proved to be a tenant: steps 6 to 13 of keystores.md 6.2, in
 * that order, and the audit record, which is on stable storage before there is an answer (audit.md G-1).
 */
import type { AuditSink } from '../audit/audit-record.ts'
import type { Clock } from '../base/clock.ts'
import { invalidCiphertext } from '../base/errors.ts'
import { XKS_METADATA_CHARS_MAX } from '../base/limits.ts'
import { dataIntegrityValue, type ExternalCiphertext } from '../crypto/external-blob.ts'
import {
  EXTERNAL_MESSAGE_NONCE_BYTES,
  materialIndexOf,
  openExternalMessage,
  sealExternalMessage,
} from '../crypto/external-key-message.ts'
import { equalInConstantTime } from '../crypto/hash.ts'
import type { DeletionAlarms } from '../domain/deletion-alarms.ts'
import type { KeyUsage } from '../domain/key-usage.ts'
import { isDeleted, type Key, keyState } from '../domain/keys/key.ts'
import type { KeyMaterials } from '../domain/keys/key-material.ts'
import type { RandomSource } from '../domain/services.ts'
import type { Lookups, Reader } from '../domain/store.ts'
import { callRecordLine } from './call-record.ts'
import { createMaterialIndex } from './material-index.ts'
import { type Members, parseMembers, type RequestMetadata, readDecrypt, readEncrypt, readMetadata } from './requests.ts'
import { whyUnfit } from './reserved-keys.ts'
import type { KeyCallName, Route } from './route.ts'
import { authorize } from './secondary-authorization.ts'
import type { ExternalKey, ExternalKeyUsage, XksTenant } from './settings.ts'
import { XksError, xksErrorOf } from './xks-error.ts'

export interface KeyCallServices {
  readonly cache: Pick<Lookups, 'findKey'>
  readonly store: Pick<Reader, 'listMaterials'>
  readonly keyMaterials: Pick<KeyMaterials, 'blobKey'>
  readonly keyUsage: KeyUsage
  readonly deletionAlarms: DeletionAlarms
  readonly audit: AuditSink
  readonly random: RandomSource
  readonly clock: Clock
}

export interface KeyCall {
  readonly route: Exclude<Route, { call: 'health' }>
  readonly body: Uint8Array
  readonly accessKeyId: string
  readonly requestId: string
  readonly sourceIp: string
  readonly userAgent: string
}

/** What is known of a call so far; the audit record is made of it, however the call ends. */
interface Progress {
  metadata: RequestMetadata | undefined
  external: ExternalKey | undefined
  key: Key | undefined
  material: { readonly index: number; readonly id: string } | undefined
}

/** A call on a key that was found. */
interface FoundCall {
  readonly members: Members
  readonly metadata: RequestMetadata
  readonly external: ExternalKey
  readonly key: Key
  readonly progress: Progress
}

/** @returns members of the answer. @throws {XksError} and nothing else. */
export type PerformKeyCall = (call: KeyCall) => Promise<object>

/** As GetKeyLastUsage shows them; asking for metadata uses no material. */
const OPERATIONS = { metadata: undefined, encrypt: 'Encrypt', decrypt: 'Decrypt' } as const

export function createKeyCalls(tenants: readonly XksTenant[], services: KeyCallServices): PerformKeyCall {
  const { cache, keyMaterials, random, clock, audit } = services
  const materials = createMaterialIndex(services.store)
  const externalKeys = new Map(tenants.map(({ prefix, keys }) => [prefix, byExternalId(keys)]))

  async function performRecorded(call: KeyCall): Promise<object> {
    audit.admit(false)
    const eventId = random.uuid()
    const progress: Progress = { metadata: undefined, external: undefined, key: undefined, material: undefined }
    let answer: object
    try {
      answer = await perform(call, progress)
    } catch (cause) {
      const error = errorOf(cause, call.route.call)
      noteRefusal(call, progress, eventId, error)
      await audit.append(lineOf(call, progress, eventId, error))
      throw error
    }
    await audit.append(lineOf(call, progress, eventId, undefined))
    const operation = OPERATIONS[call.route.call]
    if (operation !== undefined) services.keyUsage.note(progress.key!, operation, clock.now(), eventId, call.requestId)
    return answer
  }

  async function perform({ route, body }: KeyCall, progress: Progress): Promise<object> {
    const members = parseMembers(body)
    const metadata = readMetadata(members, route.call)
    progress.metadata = metadata
    const external = externalKeys.get(route.tenant.prefix)!.get(route.externalId)
    progress.external = external
    const key = external && (await cache.findKey(external.key))
    if (external === undefined || key === undefined || isDeleted(key, clock.now()) || whyUnfit(key) !== undefined) {
      throw new XksError('KeyNotFoundException', 'There is no such external key.')
    }
    progress.key = key
    return work[route.call]({ members, metadata, external, key, progress })
  }

  const work: Readonly<Record<KeyCallName, (call: FoundCall) => Promise<object>>> = {
    async metadata({ metadata, external, key }) {
      authorize(external.allow, metadata, 'metadata')
      const isEnabled = keyState(key, clock.now()) === 'Enabled'
      return { keySpec: 'AES_256', keyUsage: external.usages, keyStatus: isEnabled ? 'ENABLED' : 'DISABLED' }
    },

    async encrypt({ members, metadata, external, key, progress }) {
      const { plaintext, aad, wantsDataIntegrityValue } = readEncrypt(members)
      try {
        authorize(external.allow, metadata, 'encrypt')
        checkUsage(external, wantsDataIntegrityValue ? ['ENCRYPT', 'DECRYPT'] : ['ENCRYPT'])
        checkState(key)
        const id = key.currentMaterialId!
        const index = await materials.ofCurrent(key)
        progress.material = { index, id }
        const material = await keyMaterials.blobKey(key, id)
        const sealed = sealExternalMessage(material, index, random.nonce(EXTERNAL_MESSAGE_NONCE_BYTES), aad, plaintext)
        const texts = answerOf(sealed)
        if (!wantsDataIntegrityValue) return texts
        const value = dataIntegrityValue(aad, sealed).toString('base64')
        // XA-2: in this order, and by the same way as any decryption, so that no fault goes unnoticed.
        const { plaintext: trial } = await open(key, aad, sealed)
        const isRight = equalInConstantTime(trial, plaintext)
        trial.fill(0)
        if (!isRight) throw new Error('what was sealed does not open to the same bytes')
        return { ...texts, ciphertextDataIntegrityValue: value }
      } finally {
        plaintext.fill(0)
      }
    },

    async decrypt({ members, metadata, external, key, progress }) {
      const { sealed, aad } = readDecrypt(members)
      authorize(external.allow, metadata, 'decrypt')
      checkUsage(external, ['DECRYPT'])
      checkState(key)
      const { plaintext, material } = await open(key, aad, sealed)
      progress.material = material
      const text = plaintext.toString('base64')
      plaintext.fill(0)
      return { plaintext: text }
    },
  }

  /** The caller wipes the plaintext. */
  async function open(key: Key, aad: Buffer, sealed: ExternalCiphertext) {
    const index = materialIndexOf(sealed)
    const id = await materials.materialAt(key, index)
    if (id === undefined) throw invalidCiphertext()
    const plaintext = openExternalMessage(await keyMaterials.blobKey(key, id), aad, sealed)
    return { plaintext, material: { index, id } }
  }

  function checkState(key: Key): void {
    const state = keyState(key, clock.now())
    if (state !== 'Enabled') throw new XksError('InvalidStateException', `The state of the external key is ${state}.`)
  }

  /** Somebody may need a key that is pending deletion (lifecycle.md DEL-30). */
  function noteRefusal(call: KeyCall, { key, metadata }: Progress, eventId: string, { errorName }: XksError): void {
    const operation = OPERATIONS[call.route.call]
    if (errorName !== 'InvalidStateException' || key?.deletion === undefined || operation === undefined) return
    const { requestId, sourceIp } = call
    const principal = (metadata?.awsPrincipalArn ?? '').slice(0, XKS_METADATA_CHARS_MAX)
    services.deletionAlarms.note(key, { operation, time: clock.now(), eventId, requestId, sourceIp, principal })
  }

  function lineOf(call: KeyCall, progress: Progress, eventId: string, error: XksError | undefined): string {
    const { route, ...origin } = call
    return callRecordLine({
      ...{ eventId, error, time: clock.now() },
      ...{ requestId: origin.requestId, accessKeyId: origin.accessKeyId },
      ...{ sourceIp: origin.sourceIp, userAgent: origin.userAgent },
      ...{ call: route.call, prefix: route.tenant.prefix, externalId: route.externalId },
      ...{ metadata: progress.metadata, key: progress.external?.key, material: progress.material },
    })
  }

  return async (call) => {
    try {
      return await performRecorded(call)
    } catch (error) {
      throw xksErrorOf(error)
    }
  }
}

function byExternalId(keys: readonly ExternalKey[]): ReadonlyMap<string, ExternalKey> {
  return new Map(keys.map((key) => [key.externalId, key]))
}

/** Only a decryption can fail for its ciphertext. */
function errorOf(cause: unknown, call: KeyCallName): XksError {
  const error = xksErrorOf(cause)
  return error.errorName === 'InvalidCiphertextException' && call !== 'decrypt'
    ? xksErrorOf(new Error('', { cause }))
    : error
}

function checkUsage({ usages }: ExternalKey, needed: readonly ExternalKeyUsage[]): void {
  if (needed.every((usage) => usages.includes(usage))) return
  throw new XksError(
    'InvalidKeyUsageException',
    `The usage of the external key does not include ${needed.join(' and ')}.`,
  )
}

function answerOf({ iv, metadata, ciphertext, tag }: ExternalCiphertext) {
  return {
    authenticationTag: tag.toString('base64'),
    ciphertext: ciphertext.toString('base64'),
    ciphertextMetadata: metadata.toString('base64'),
    initializationVector: iv.toString('base64'),
  }
}
