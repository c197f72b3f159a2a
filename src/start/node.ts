/** One node: a service over a data folder, or over memory. */
import type { AuditLog } from '../audit/audit-log.ts'
import { createFolderEventHistory } from '../audit/folder-event-history.ts'
import { createMemoryAuditLog } from '../audit/memory-audit-log.ts'
import { createMemoryEventHistory } from '../audit/memory-event-history.ts'
import { systemClock } from '../base/clock.ts'
import { AUDIT_RECORD_ABANDONED_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { MovableClock } from '../base/movable-clock.ts'
import type { TlsSettings } from '../config/listen-rules.ts'
import { createRandomSource } from '../crypto/random.ts'
import { localRootKey } from '../crypto/root-key/local-root-key.ts'
import type { PendingAuditRecord, Store } from '../domain/store.ts'
import type { NodeMetrics } from '../metrics/node-metrics.ts'
import type { Faults } from '../pipeline/faults.ts'
import { createService, type Service, type ServiceOptions } from '../service.ts'
import { openSqliteStore } from '../store/sqlite-store.ts'
import { dataFolder } from './data-folder.ts'
import { drainOutbox, eventTimeOf } from './drain-outbox.ts'
import { openFolderAuditLog } from './folder-audit-log.ts'
import { openRootKeyAgain } from './root-key.ts'
import type { ServiceSettings } from './service-settings.ts'
import { type FolderSecrets, storePlaceOf } from './store-place.ts'

export interface NodeOptions extends ServiceSettings {
  /** Names the process among those of the data folder. */
  readonly node: string
  readonly authentication: ServiceOptions['authentication']
  readonly tls?: TlsSettings | undefined
  readonly trustedProxies?: readonly string[] | undefined
  readonly attestationRoots?: string | undefined
  /** Development only. */
  readonly grantPropagationDelayMs?: number | undefined
  readonly log: Log
  /** Development only; the system's clock if absent. */
  readonly movableClock?: MovableClock | undefined
  /** Development only. */
  readonly faults?: Faults | undefined
  readonly metrics?: NodeMetrics | undefined
}

const ROOT_KEY_BYTES = 32

/** Everything is gone when it stops. */
export async function openMemoryNode(options: NodeOptions): Promise<OpenNode> {
  const clock = options.movableClock ?? systemClock
  const store = await openSqliteStore({ path: ':memory:', node: options.node, clock })
  const rootKey = localRootKey(createRandomSource().keyBytes(ROOT_KEY_BYTES))
  const auditLog = createMemoryAuditLog()
  const eventHistory = createMemoryEventHistory(auditLog)
  return { store, service: await createService({ ...options, store, auditLog, eventHistory, rootKey, clock }) }
}

export interface OpenNode {
  readonly service: Service
  /** Closed by the service's stop. */
  readonly store: Store
}

/** On a folder that `prepareDataFolder` has seen to. */
export async function openDurableNode(path: string, secrets: FolderSecrets, options: NodeOptions): Promise<OpenNode> {
  const folder = dataFolder(path)
  const { log, metrics, movableClock: clock = systemClock } = options
  const place = storePlaceOf(folder, secrets.storePassword)
  const node = place.nodeName(options.node)
  const store = await place.open(node, clock)
  let auditLog: AuditLog | undefined
  try {
    const rootKey = await openRootKeyAgain(folder, secrets, place, await store.newestDomainKey())
    const openChangedRootKey = (rootKeyId: string) => openRootKeyAgain(folder, secrets, place, { rootKeyId })
    auditLog = await openFolderAuditLog(folder, node, log, metrics?.audit)
    const outbox = { store, auditLog, folder, log }
    await drainOutbox({ ...outbox, takes: (record) => record.node === node })
    const isAbandoned = ({ line }: PendingAuditRecord) => eventTimeOf(line) < clock.now() - AUDIT_RECORD_ABANDONED_MS
    const adoptAuditRecords = place.isShared ? () => drainOutbox({ ...outbox, takes: isAbandoned }) : undefined
    const eventHistory = createFolderEventHistory({ folder: folder.audit, indexPath: folder.eventIndex, log })
    const plugged = { node, store, auditLog, eventHistory, rootKey, openChangedRootKey, clock, adoptAuditRecords }
    const service = await createService({ ...options, ...plugged })
    return { store, service }
  } catch (error) {
    await auditLog?.close()
    await store.close()
    throw error
  }
}
