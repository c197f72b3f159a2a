/** What the pipeline is built from; `service.ts` plugs it together. */
import type { AuditSink } from '../audit/audit-record.ts'
import type { EventHistory } from '../audit/event-history.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Attestations } from '../domain/attestation.ts'
import type { AuditOutbox } from '../domain/audit-outbox.ts'
import type { DeletionAlarms } from '../domain/deletion-alarms.ts'
import type { GrantServices } from '../domain/grants/grant-services.ts'
import type { IdentityServices } from '../domain/identity/identity-services.ts'
import type { KeyImports } from '../domain/imports/key-imports.ts'
import type { KeyStores } from '../domain/key-stores/key-stores.ts'
import type { KeyUsage } from '../domain/key-usage.ts'
import type { KeyMaterials } from '../domain/keys/key-material.ts'
import type { DenialDetail } from '../domain/policy/denial.ts'
import type { Quotas } from '../domain/quotas.ts'
import type { RandomSource } from '../domain/services.ts'
import type { Lookups, Store } from '../domain/store.ts'

export interface PipelineServices {
  readonly store: Store
  /** Answers the warm path without the store. */
  readonly cache: Lookups
  readonly keyMaterials: KeyMaterials
  readonly keyImports: KeyImports
  readonly keyStores: KeyStores
  readonly keyUsage: KeyUsage
  readonly deletionAlarms: DeletionAlarms
  readonly identity: IdentityServices
  readonly grants: GrantServices
  readonly quotas: Quotas
  readonly attestations: Attestations
  /** What those who are refused are told (authorization.md X-3). */
  readonly denials: DenialDetail
  readonly random: RandomSource
  readonly audit: AuditSink
  /** `undefined` for a node that nobody calls. */
  readonly eventHistory: EventHistory | undefined
  readonly clock: Clock
  readonly log: Log
  /** Names this node in records that wait for its audit log. */
  readonly node: string
  /** Somebody wants to be sent events. */
  readonly sendsEvents: boolean
  /** Brings records to the audit log that were committed with their changes. */
  readonly outbox: AuditOutbox
}
