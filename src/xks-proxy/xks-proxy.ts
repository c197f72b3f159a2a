/** Keyhold as the proxy of external key stores that another KMS calls (keystores.md sections 3 and 6; docs/external-key-manager.md). */
import type { AuditSink } from '../audit/audit-record.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { DomainKeys } from '../domain/keys/domain-keys.ts'
import { createRateCounter } from '../domain/rate-counter.ts'
import type { Store } from '../domain/store.ts'
import type { Address } from '../wire/listen.ts'
import { createSecurityLog } from '../wire/security-log.ts'
import { followCredentials } from './credentials.ts'
import { createHandler } from './handler.ts'
import { createHealth } from './health.ts'
import { createKeyCalls, type KeyCallServices } from './key-calls.ts'
import { createListener } from './listener.ts'
import { externalKeysOf, watchReservedKeys, whyUnfit } from './reserved-keys.ts'
import type { XksProxySettings } from './settings.ts'
import { cannotListen, startError } from './start-error.ts'

export interface XksProxyServices extends Omit<KeyCallServices, 'store'> {
  readonly store: Store
  readonly domainKeys: DomainKeys
  readonly audit: AuditSink
  readonly ensureFresh: () => Promise<void> | undefined
  readonly canServe: () => Promise<boolean>
  /** By which clients sign. */
  readonly signingClock: Clock
  readonly log: Log
}

export interface XksProxy {
  /** Where the settings say. @param isShared other processes of this user listen there too. */
  listen(isShared: boolean): Promise<Address>
  close(): Promise<void>
}

/** @throws {OperatorError} for a key that can be no external key. @throws {CertificateError} */
export async function createXksProxy(settings: XksProxySettings, services: XksProxyServices): Promise<XksProxy> {
  const { tenants, tls } = settings
  const { store, log, clock } = services
  await refuseUnfitKeys(settings, store)
  const securityLog = createSecurityLog(log, clock)
  const followed = new Map(tenants.map((tenant) => [tenant.prefix, followCredentials(tenant, log)]))
  const health = createHealth({ ...services, monotonic: () => performance.now() })
  const handle = createHandler({
    ...{ tenants, credentials: followed, fleetSize: settings.fleetSize ?? 1, health, securityLog, log },
    timeoutMs: settings.timeoutMs,
    performKeyCall: createKeyCalls(tenants, services),
    quota: createRateCounter(),
    ensureFresh: services.ensureFresh,
    canServe: services.canServe,
    uuid: services.random.uuid,
    clock: services.signingClock,
  })
  const listener = createListener(tls, log, handle)
  return {
    async listen(isShared) {
      await watchReservedKeys(settings, store, () => clock.now(), log)
      const bound = await listener.listen({ ...settings.listen, isShared }).catch((error) => {
        throw cannotListen(settings.listen, error)
      })
      health.start()
      return bound
    },
    async close() {
      await listener.close()
      health.stop()
      for (const credentials of followed.values()) credentials.stop()
      securityLog.close()
    },
  }
}

async function refuseUnfitKeys(settings: XksProxySettings, store: Store): Promise<void> {
  for (const { key, externalId, uriPath } of externalKeysOf(settings)) {
    const found = await store.findKey(key)
    const why = found && whyUnfit(found)
    if (why !== undefined) throw startError(`${key.arn} cannot be the external key ${externalId} of ${uriPath}: ${why}`)
  }
}
