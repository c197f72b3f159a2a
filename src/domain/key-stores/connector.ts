/**
 * Carries out what ConnectCustomKeyStore and DisconnectCustomKeyStore asked for (keystores.md 1.2). The operations only write the
 * state that the store is to leave; one node, the one with the lease, does the work and writes the state that it leads to. Every node
 * closes its own connection to a store that is no longer CONNECTED.
 */
import type { Clock } from '../../base/clock.ts'
import { KEY_STORES_LEASE_MS } from '../../base/limits.ts'
import type { Log } from '../../base/log.ts'
import type { ChangeNotice, Store } from '../store.ts'
import { type CustomKeyStore, keyStoreNamed } from './custom-key-store.ts'
import { ConnectionError, type KeyStoreBackend, type KeyStoreBackends } from './key-store-backend.ts'
import type { ConnectionState } from './key-store-place.ts'

export interface KeyStoreConnector {
  /** Does what is to be done now, if this node gets the lease. Resolves when it is done. */
  look(): Promise<void>
  drop(notices: readonly ChangeNotice[]): void
  clear(): void
  stop(): Promise<void>
}

export interface ConnectorServices {
  readonly store: Store
  readonly backends: KeyStoreBackends
  readonly clock: Clock
  readonly log: Log
  readonly node: string
}

const LEASE = 'key stores'

export function createKeyStoreConnector(services: ConnectorServices): KeyStoreConnector {
  const { store: records, backends, clock, log, node } = services
  const isServed = ({ type }: CustomKeyStore) => backends[type] !== undefined
  let running: Promise<void> | undefined
  /** Begins when the one that is running has ended: that may have looked already. */
  let next: Promise<void> | undefined
  let stopped = false

  async function settleAll(): Promise<void> {
    try {
      const waiting = (await records.keyStoresIn(['CONNECTING', 'DISCONNECTING'])).filter(isServed)
      if (waiting.length === 0) return
      const now = clock.now()
      if (!(await records.acquireLease(LEASE, node, now, now + KEY_STORES_LEASE_MS))) return
      await Promise.all(waiting.map(settle))
    } catch (error) {
      log.error({ err: error }, 'cannot settle the connections of custom key stores; will try again')
    }
  }

  async function settle(store: CustomKeyStore): Promise<void> {
    const backend = backends[store.type]!
    if (store.connectionState === 'CONNECTING') return connect(store, backend)
    await backend.disconnect(store)
    await leave(store, (present) => ({ ...present, connectionState: 'DISCONNECTED' }))
    log.info({ customKeyStoreId: store.storeId }, 'a custom key store is disconnected')
  }

  async function connect(store: CustomKeyStore, backend: KeyStoreBackend): Promise<void> {
    const { storeId: customKeyStoreId } = store
    try {
      await backend.connect(store)
    } catch (error) {
      const connectionErrorCode = error instanceof ConnectionError ? error.code : 'INTERNAL_ERROR'
      log.error({ customKeyStoreId, connectionErrorCode, err: error }, 'a custom key store cannot be connected')
      await leave(store, (present) => ({
        ...present,
        connectionState: 'FAILED',
        connectionErrorCode,
        ...(present.type === 'AWS_CLOUDHSM' && { isSecretRefused: connectionErrorCode === 'INVALID_CREDENTIALS' }),
      }))
      return
    }
    const isWanted = await leave(store, (present) => ({
      ...present,
      connectionState: 'CONNECTED',
      connectionErrorCode: undefined,
      ...(present.type === 'AWS_CLOUDHSM' && { isSecretRefused: false }),
    }))
    if (isWanted) log.info({ customKeyStoreId }, 'a custom key store is connected')
    else await backend.disconnect(store)
  }

  /** @returns false if the store was to be something else meanwhile: then nothing is written. */
  function leave(store: CustomKeyStore, change: (present: CustomKeyStore) => CustomKeyStore): Promise<boolean> {
    return records.change(async (records) => {
      const present = await records.findKeyStore(store)
      if (present?.connectionState !== store.connectionState || present.attempt !== store.attempt) return false
      await records.updateKeyStore(change(present))
      return true
    })
  }

  function begin(): Promise<void> {
    next = undefined
    running = settleAll().finally(() => {
      running = undefined
    })
    return running
  }

  async function look(): Promise<void> {
    if (stopped) return
    if (running === undefined) return begin()
    next ??= running.then(begin)
    return next
  }

  /** Of this node alone: what it holds of stores that are no longer connected. */
  async function close(ref: string): Promise<void> {
    const name = keyStoreNamed(ref)
    const store = await records.findKeyStore(name)
    if (store !== undefined && KEEPS_CONNECTION.has(store.connectionState)) return
    const closing = store === undefined ? Object.values(backends) : [backends[store.type]]
    await Promise.all(closing.map((backend) => backend?.disconnect(name)))
  }

  async function closeAll(): Promise<void> {
    const stores = await records.keyStoresIn(['DISCONNECTED', 'DISCONNECTING', 'FAILED'])
    await Promise.all(stores.map((store) => backends[store.type]?.disconnect(store)))
  }

  return {
    look,
    drop(notices) {
      const refs = notices.filter(({ kind }) => kind === 'key-store').map(({ subject }) => subject)
      if (refs.length === 0 || stopped) return
      for (const ref of refs) {
        close(ref).catch((error: unknown) => log.error({ err: error }, 'cannot close the connection to a key store'))
      }
      void look()
    },
    // Changes went unread, so any store may be another than it was.
    clear() {
      if (stopped) return
      closeAll().catch((error: unknown) => log.error({ err: error }, 'cannot close the connections to key stores'))
      void look()
    },
    async stop() {
      stopped = true
      await (next ?? running)
      await Promise.all(Object.values(backends).map((backend) => backend.close()))
    },
  }
}

const KEEPS_CONNECTION: ReadonlySet<ConnectionState> = new Set(['CONNECTED', 'CONNECTING'])

/**
 * At the start of a server, before any node of it runs (CS-12): what was connected, or about to be, is to be connected again. Until
 * then its keys are Unavailable.
 */
export async function reconnectKeyStores(records: Store): Promise<void> {
  const wanted = await records.keyStoresIn(['CONNECTED', 'CONNECTING'])
  if (wanted.length === 0) return
  await records.change(async (change) => {
    for (const store of await change.keyStoresIn(['CONNECTED', 'CONNECTING'])) {
      await change.updateKeyStore({ ...store, connectionState: 'CONNECTING', attempt: store.attempt + 1 })
    }
  })
}
