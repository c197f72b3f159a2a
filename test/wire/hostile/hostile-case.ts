/** One malformed request and what it must get. */
import type { RawRequest } from '../../auth/signer.ts'

export interface Expected {
  readonly status: number
  /** `__type`; `undefined`: the answer is not JSON. */
  readonly type?: string
  /** The message member, under whichever name; `null`: there is none. `undefined`: any. */
  readonly text?: string | RegExp | null
  /** Whole body, where it is not JSON. */
  readonly body?: string
}

/** Made of a request that the AWS SDK's signer signs. */
export interface SignedCase {
  readonly name: string
  /** Operation, signed as its target. */
  readonly operation?: string
  readonly body?: string | Buffer
  readonly method?: string
  readonly url?: string
  /** Signed; replaces the usual ones. */
  readonly headers?: Readonly<Record<string, string>>
  /** How far the signer's clock is off. */
  readonly clockOffMs?: number
  readonly signing?: {
    readonly accessKeyId?: string
    readonly secretAccessKey?: string
    readonly sessionToken?: string
    readonly region?: string
    readonly service?: string
  }
  readonly presigned?: boolean
  /** Spoils the request after it was signed. */
  readonly spoil?: (signed: RawRequest) => RawRequest
  readonly expected: Expected
}

/** Sent as it is. */
export interface RawCase {
  readonly name: string
  /** One character for each byte. */
  readonly bytes: string
  readonly expected: Expected
}

export type HostileCase = SignedCase | RawCase

export const UNREADABLE: Expected = { status: 400, type: 'SerializationException', text: null }
export const MISMATCH: Expected = {
  status: 400,
  type: 'InvalidSignatureException',
  text: 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
}
export const UNKNOWN_OPERATION: Expected = { status: 400, type: 'UnknownOperationException', text: null }
export const NOT_FOUND: Expected = { status: 404, body: '<UnknownOperationException/>' }
export const BAD_REQUEST: Expected = { status: 400, body: '' }

export function serialization(text: string): Expected {
  return { status: 400, type: 'SerializationException', text }
}

export function validation(text: string | RegExp): Expected {
  return { status: 400, type: 'ValidationException', text }
}

/** One violation in the words of operations.md 1.7. */
export function violation(what: string, rule: string): Expected {
  return validation(`1 validation error detected: ${what} failed to satisfy constraint: Member must ${rule}`)
}
