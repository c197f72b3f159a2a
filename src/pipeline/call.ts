/** The facts of one authenticated call that are not in its body. */
import type { TlsDetails } from '../audit/audit-record.ts'
import type { VerifiedWebIdentity } from '../domain/identity/identity-services.ts'
import type { CallSource } from '../domain/policy/global-conditions.ts'
import type { Principal } from '../domain/principal.ts'

export interface Call {
  readonly principal: Principal
  /** Of a caller without a signature, once it has been verified. */
  readonly webIdentity?: VerifiedWebIdentity
  /** Of a service that calls on its own behalf. */
  readonly source?: CallSource | undefined
  /** The endpoint's Region: that of the credential scope. */
  readonly region: string
  readonly requestId: string
  /** Milliseconds since the epoch; one instant for the whole call. */
  readonly time: number
  readonly sourceIp: string
  /** Empty if the client sent none. */
  readonly userAgent: string
  /** `undefined` without TLS. */
  readonly tls: TlsDetails | undefined
}
