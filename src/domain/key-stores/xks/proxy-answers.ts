/** What a proxy may answer (keystores.md 3.5, 3.7, 5.3): strictly read, unknown members ignored. */
import { Base64Error, decodeBase64 } from '../../../base/base64.ts'
import { JsonError, parseJson } from '../../../base/json.ts'
import { XKS_ANSWER_DEPTH_MAX, XKS_ERROR_MESSAGE_CHARS_MAX } from '../../../base/limits.ts'
import {
  EXTERNAL_IV_BYTES,
  EXTERNAL_METADATA_BYTES_MAX,
  EXTERNAL_TAG_BYTES,
  type ExternalCiphertext,
} from '../../../crypto/external-blob.ts'
import { PROXY_ERRORS, ProxyError, type ProxyErrorName } from './proxy-failure.ts'

export type Members = Readonly<Record<string, unknown>>

export interface Answer {
  /** HTTP. */
  readonly status: number
  readonly body: Uint8Array
}

/** @returns the members of an answer with status 200. @throws {ProxyError} for any other, and for what is no JSON object. */
export function readAnswer({ status, body }: Answer): Members {
  const members = parseMembers(body)
  if (status === 200) {
    if (members === undefined) throw malformed('the answer is no JSON object')
    return members
  }
  throw errorIn(status, members)
}

function parseMembers(body: Uint8Array): Members | undefined {
  try {
    const value = parseJson(body, XKS_ANSWER_DEPTH_MAX)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}

/** Of an error whose body says nothing that is known: a gateway before the proxy, as a rule. */
const NAMES_BY_STATUS: Readonly<Record<number, ProxyErrorName>> = {
  401: 'AuthenticationFailedException',
  403: 'AccessDeniedException',
  404: 'InvalidUriPathException',
  429: 'ThrottlingException',
}

function errorIn(status: number, members: Members | undefined): ProxyError {
  const known = PROXY_ERRORS.find((name) => name === members?.errorName) ?? NAMES_BY_STATUS[status]
  const detail = `status ${status}, ${printable(members?.errorName)}: ${printable(members?.errorMessage)}`
  return known === undefined ? malformed(detail) : new ProxyError(known, detail)
}

/** XC-10: for the log alone. */
function printable(text: unknown): string {
  if (typeof text !== 'string') return 'nothing said'
  return text.slice(0, XKS_ERROR_MESSAGE_CHARS_MAX).replaceAll(/[^\x20-\x7e]/g, '?')
}

function malformed(detail: string): ProxyError {
  return new ProxyError('malformed answer', detail)
}

/** @param length of what was sent, in bytes. */
export function readEncryption(members: Members, length: number): ExternalCiphertext & { readonly cdiv: Buffer } {
  const ciphertext = bytesIn(members, 'ciphertext')
  const iv = bytesIn(members, 'initializationVector')
  const tag = bytesIn(members, 'authenticationTag')
  const metadata = members.ciphertextMetadata == null ? Buffer.alloc(0) : bytesIn(members, 'ciphertextMetadata')
  const cdiv = bytesIn(members, 'ciphertextDataIntegrityValue')
  if (ciphertext.length !== length) throw malformed(`ciphertext has ${ciphertext.length} bytes, not ${length}`)
  if (!EXTERNAL_IV_BYTES.includes(iv.length)) throw malformed(`initializationVector has ${iv.length} bytes`)
  if (tag.length !== EXTERNAL_TAG_BYTES) throw malformed(`authenticationTag has ${tag.length} bytes`)
  if (metadata.length > EXTERNAL_METADATA_BYTES_MAX) {
    throw malformed(`ciphertextMetadata has ${metadata.length} bytes`)
  }
  return { ciphertext, iv, tag, metadata, cdiv }
}

/** @param length of what was sent, in bytes. */
export function readDecryption(members: Members, length: number): Buffer {
  const plaintext = bytesIn(members, 'plaintext')
  if (plaintext.length !== length) throw malformed(`plaintext has ${plaintext.length} bytes, not ${length}`)
  return plaintext
}

export interface ExternalKeyFacts {
  readonly keySpec: string
  readonly keyUsage: readonly string[]
  readonly keyStatus: string
}

const KEY_USAGES_MAX = 10

export function readKeyMetadata({ keySpec, keyUsage, keyStatus }: Members): ExternalKeyFacts {
  if (typeof keySpec !== 'string' || typeof keyStatus !== 'string') throw malformed('keySpec or keyStatus is no text')
  if (!Array.isArray(keyUsage) || keyUsage.length > KEY_USAGES_MAX) throw malformed('keyUsage is no short list')
  if (!keyUsage.every((usage) => typeof usage === 'string')) throw malformed('keyUsage has more than texts')
  return { keySpec, keyUsage, keyStatus }
}

export const MANAGER_STATES = ['ACTIVE', 'DEGRADED', 'UNAVAILABLE'] as const
export type ManagerState = (typeof MANAGER_STATES)[number]

const MANAGERS_MAX = 10

/** @returns the state of each external key manager: at least one. */
export function readHealth(members: Members): readonly ManagerState[] {
  const { xksProxyFleetSize, ekmFleetDetails } = members
  if (!Number.isInteger(xksProxyFleetSize) || (xksProxyFleetSize as number) < 1) {
    throw malformed('xksProxyFleetSize is no positive integer')
  }
  for (const name of ['xksProxyVendor', 'xksProxyModel', 'ekmVendor']) requireText(members, name)
  if (!Array.isArray(ekmFleetDetails) || ekmFleetDetails.length < 1 || ekmFleetDetails.length > MANAGERS_MAX) {
    throw malformed(`ekmFleetDetails is no list of 1 to ${MANAGERS_MAX}`)
  }
  return ekmFleetDetails.map(readManager)
}

function readManager(manager: unknown): ManagerState {
  if (typeof manager !== 'object' || manager === null) throw malformed('an entry of ekmFleetDetails is no object')
  for (const name of ['id', 'model']) requireText(manager as Members, name)
  const state = MANAGER_STATES.find((known) => known === (manager as Members).healthStatus)
  if (state === undefined) throw malformed('healthStatus is none of those that there are')
  return state
}

function requireText(members: Members, name: string): void {
  if (typeof members[name] !== 'string') throw malformed(`${name} is no text`)
}

function bytesIn(members: Members, name: string): Buffer {
  const text = members[name]
  if (typeof text !== 'string') throw malformed(`${name} is missing`)
  try {
    return decodeBase64(text)
  } catch (error) {
    if (error instanceof Base64Error) throw malformed(`${name} is not base64`)
    throw error
  }
}
