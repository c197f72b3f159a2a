/** One node: a service over a data folder, or over memory. */
import type { AuditLog } from '../audit/audit-log.ts'
import { createFolderEventHistory } from '../audit/folder-event-history.ts'
import { createMemoryAuditLog } from '../audit/memory-audit-log.ts'
import { createMemoryEventHistory } from '../audit/memory-event-history.ts'
import { systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { MovableClock } from '../base/movable-clock.ts'
import type { TlsSettings } from '../config/listen-rules.ts'
import { createRandomSource } from '../crypto/random.ts'
import { localRootKey } from '../crypto/root-key/local-root-key.ts'
import type { Store } from '../domain/store.ts'
import { createService, type Service, type ServiceOptions } from '../service.ts'
import { openSqliteStore } from '../store/sqlite-store.ts'
import { dataFolder } from './data-folder.ts'
import { drainOutbox } from './drain-outbox.ts'
import { openFolderAuditLog } from './folder-audit-log.ts'
import { openRootKey, type RootKeyChoice } from './root-key.ts'
import type { ServiceSettings } from './service-settings.ts'

export interface NodeOptions extends ServiceSettings {
  /** Names the process among all that share the store. */
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
export async function openDurableNode(path: string, choice: RootKeyChoice, options: NodeOptions): Promise<OpenNode> {
  const folder = dataFolder(path)
  const { node, log, movableClock: clock = systemClock } = options
  const store = await openSqliteStore({ path: folder.store, node, clock })
  let auditLog: AuditLog | undefined
  try {
    const rootKey = await openRootKey(folder, choice, await store.newestDomainKey())
    auditLog = await openFolderAuditLog(folder, node, log)
    await drainOutbox({ store, auditLog, folder, log, node })
    const eventHistory = createFolderEventHistory({ folder: folder.audit, indexPath: folder.eventIndex, log })
    const service = await createService({ ...options, store, auditLog, eventHistory, rootKey, clock })
    return { store, service }
  } catch (error) {
    await auditLog?.close()
    await store.close()
    throw error
  }
}
