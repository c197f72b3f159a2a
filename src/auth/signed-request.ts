/** What authentication looks at, and what it answers. */
import type { Service } from '../base/services.ts'
import type { CallSource, Principal } from '../domain/principal.ts'
import type { ChangeNotice, MaybePromise } from '../domain/store.ts'
import type { RequestHeaders } from './request-headers.ts'

/** A request as it came over the wire, whole. */
export interface SignedRequest {
  readonly method: string
  /** Path as sent, without the query. */
  readonly path: string
  /** Query as sent, without the question mark; empty if there is none. */
  readonly query: string
  readonly headers: RequestHeaders
  readonly body: Uint8Array
}

export interface AuthenticatedRequest {
  /** The same object for every request of an access key, as long as the key does not change. */
  readonly principal: Principal
  /** Region of the credential scope. */
  readonly region: string
  /** Of a service that calls on its own behalf: the resource for which it does. */
  readonly source?: CallSource | undefined
}

export interface Authenticator {
  /**
   * Answers without a promise where it knows the access key's signing key of the day already.
   * @param service that the request is for: the signature must be scoped to it. `kms` if left out.
   * @throws {KmsError} with the types and texts of operations.md 1.6.
   */
  authenticate(request: SignedRequest, service?: Service): MaybePromise<AuthenticatedRequest>
  /** Forgets the access keys that the notices name. */
  drop(notices: readonly ChangeNotice[]): void
  /** Forgets everything. */
  clear(): void
}
