/** What is known when permission is asked for: who calls, with which rights, and what his request was found to name. */
import type { GrantServices } from '../domain/grants/grant-services.ts'
import type { Rights } from '../domain/identity/rights.ts'
import type { KeyUsage } from '../domain/key-usage.ts'
import type { Decision } from '../domain/policy/decision.ts'
import type { DenialDetail } from '../domain/policy/denial.ts'
import type { Lookups, Reader } from '../domain/store.ts'
import type { Located } from './locate.ts'
import type { UsesOfCall } from './uses.ts'

export interface Asked {
  readonly of: UsesOfCall
  /** One for each use, in order. */
  readonly located: readonly Located[]
  readonly rights: Rights
  readonly lookups: Lookups
  readonly reader: Reader
  readonly grants: GrantServices
  readonly keyUsage: Pick<KeyUsage, 'lastUse'>
  readonly denials: DenialDetail
}

export type Denied = Decision & { readonly allowed: false }

/** A use that was refused, and why; for the audit record. */
export interface Refusal {
  readonly action: string
  readonly resourceArn: string
  readonly decision: Denied
}
