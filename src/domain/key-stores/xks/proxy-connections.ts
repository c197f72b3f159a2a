/**
 * The connections of this node to the proxies of external key stores: opened when first needed, opened anew when the store has
 * another credential or address, asked for their health in between (keystores.md XC-11).
 */
import { DAY_MS } from '../../../base/clock.ts'
import { XKS_CERTIFICATE_WARNING_MS, XKS_HEALTH_INTERVAL_MS, XKS_REPLACED_CONNECTION_MS } from '../../../base/limits.ts'
import type { Log } from '../../../base/log.ts'
import type { RandomSource } from '../../services.ts'
import type { Reader } from '../../store.ts'
import { type ExternalKeyStore, type KeyStoreName, keyStoreRef } from '../custom-key-store.ts'
import type { StoreSecrets } from '../store-secrets.ts'
import { observedProxy, type ProxyObserver } from './observed-proxy.ts'
import { createProxyClient, type ProxyClient, type ProxyTransport } from './proxy-client.ts'
import { ProxyError } from './proxy-failure.ts'
import { type ProxyNetwork, type ProxyRoute, routeOf } from './proxy-route.ts'

export interface ProxySigning {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  /** Always `kms-xks-proxy`. */
  readonly service: string
}

export interface ProxyConnectionsOptions {
  readonly reader: Pick<Reader, 'findKeyStore'>
  readonly secrets: StoreSecrets
  readonly network: ProxyNetwork
  openTransport(route: ProxyRoute, signing: ProxySigning): Promise<ProxyTransport>
  readonly random: RandomSource
  readonly log: Log
  readonly observer?: ProxyObserver | undefined
}

export interface ProxyConnections {
  /** A connection that nobody else uses; the caller closes it. @throws {ProxyError} */
  probe(store: ExternalKeyStore): Promise<ProxyClient>
  /** @throws {ProxyError} if there is no way to the proxy. Nothing is sent yet. */
  of(store: ExternalKeyStore): Promise<ProxyClient>
  /** Ends it, calls under way included. */
  drop(name: KeyStoreName): void
  close(): void
}

const SERVICE = 'kms-xks-proxy'

interface Kept {
  /** What it was opened with; another store object with the same is no reason for another connection. */
  readonly store: ExternalKeyStore
  readonly opening: Promise<ProxyClient>
  readonly healthTimer: NodeJS.Timeout
}

export function createProxyConnections(options: ProxyConnectionsOptions): ProxyConnections {
  const { reader, secrets, network, openTransport, random, log, observer } = options
  const kept = new Map<string, Kept>()

  async function probe(store: ExternalKeyStore): Promise<ProxyClient> {
    const route = routeOf(store, network)
    const secret = await secrets.open(store)
    const secretAccessKey = secret.toString()
    secret.fill(0)
    const { accessKeyId, region, uriPath } = store
    const transport = await openTransport(route, { accessKeyId, secretAccessKey, region, service: SERVICE })
    const client = createProxyClient(transport, uriPath)
    return observer === undefined ? client : observedProxy(client, store.storeId, route.host, observer)
  }

  function open(store: ExternalKeyStore): Kept {
    const ref = keyStoreRef(store)
    const opening = probe(store)
    const healthTimer = setInterval(() => void lookAfter(connection), XKS_HEALTH_INTERVAL_MS)
    healthTimer.unref()
    const connection: Kept = { store, opening, healthTimer }
    kept.set(ref, connection)
    // A way that there is not may be there next time.
    opening.catch(() => {
      if (kept.get(ref) === connection) forget(ref)
    })
    return connection
  }

  /** Another node may have disconnected the store, or deleted it: then this connection is of no more use. */
  async function lookAfter(connection: Kept): Promise<void> {
    const ref = keyStoreRef(connection.store)
    try {
      const current = await reader.findKeyStore(connection.store)
      if (kept.get(ref) !== connection) return
      if (current?.connectionState === 'CONNECTED') await checkHealth(connection)
      else closeLater(forget(ref)!)
    } catch (error) {
      log.error({ err: error, store: connection.store.storeId }, 'cannot look after the connection to a proxy')
    }
  }

  /** It is told of and nothing more: the connection state stays as it is (CS-10). */
  async function checkHealth({ store: { storeId }, opening }: Kept): Promise<void> {
    try {
      const client = await opening
      const states = await client.health({ kmsOperation: 'KmsHealthCheck', kmsRequestId: random.uuid() })
      if (states.some((state) => state !== 'ACTIVE')) {
        log.warn({ store: storeId, states }, 'an external key manager is not well')
      }
      const left = client.certificateTimeLeft()
      if (left !== undefined && left < XKS_CERTIFICATE_WARNING_MS) {
        const daysLeft = Math.floor(left / DAY_MS)
        log.warn({ store: storeId, daysLeft }, 'the certificate of an external key store proxy expires soon')
      }
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error
      const { failure, detail } = error
      log.warn({ store: storeId, failure, detail }, 'the proxy of an external key store is not well')
    }
  }

  function forget(ref: string): Kept | undefined {
    const connection = kept.get(ref)
    kept.delete(ref)
    clearInterval(connection?.healthTimer)
    return connection
  }

  return {
    probe,
    of(store) {
      const ref = keyStoreRef(store)
      const found = kept.get(ref)
      if (found !== undefined && isSameWay(found.store, store)) return found.opening
      const replaced = forget(ref)
      // Calls that are under way come to their end.
      if (replaced !== undefined) setTimeout(() => closeLater(replaced), XKS_REPLACED_CONNECTION_MS).unref()
      return open(store).opening
    },
    drop(name) {
      const connection = forget(keyStoreRef(name))
      if (connection !== undefined) closeLater(connection)
    },
    close() {
      for (const ref of [...kept.keys()]) closeLater(forget(ref)!)
    },
  }
}

/** Once it is open, if it is not yet. */
function closeLater({ opening }: Kept): void {
  opening.then(
    (client) => client.close(),
    () => {},
  )
}

/** Whether two versions of a store lead to the same proxy, with the same credential. */
export function isSameWay(left: ExternalKeyStore, right: ExternalKeyStore): boolean {
  return (
    left === right ||
    (left.uriEndpoint === right.uriEndpoint &&
      left.uriPath === right.uriPath &&
      left.connectivity === right.connectivity &&
      left.vpcEndpointServiceName === right.vpcEndpointServiceName &&
      left.accessKeyId === right.accessKeyId &&
      left.secret.equals(right.secret))
  )
}
