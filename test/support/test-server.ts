/** A whole service on a loopback socket, with one account and one signed user, for tests of the wire. */
import type { AuditLog } from '../../src/audit/audit-log.ts'
import { createMemoryAuditLog } from '../../src/audit/memory-audit-log.ts'
import { createMemoryEventHistory } from '../../src/audit/memory-event-history.ts'
import { systemClock } from '../../src/base/clock.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import { createRandomSource } from '../../src/crypto/random.ts'
import { localRootKey } from '../../src/crypto/root-key/local-root-key.ts'
import { sealSecretAccessKey } from '../../src/domain/identity/access-key-secret.ts'
import { ADMINISTRATOR_ACCESS } from '../../src/domain/identity/administrator.ts'
import type { Store } from '../../src/domain/store.ts'
import { createService, type Service, type ServiceOptions } from '../../src/service.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { ACCOUNT } from './harness.ts'

export const ACCESS_KEY_ID = 'AKIAIOSFODNN7EXAMPLE'
export const SECRET_ACCESS_KEY = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'

export interface TestServer {
  readonly endpoint: string
  readonly port: number
  /** Of the external key store proxy, if it is one. */
  readonly xksProxyPort: number | undefined
  readonly service: Service
  readonly store: Store
  readonly auditLines: readonly string[]
  stop(): Promise<void>
}

export interface TestServerOptions {
  readonly tls?: ServiceOptions['tls']
  readonly authentication?: ServiceOptions['authentication']
  readonly log?: Log
  /** A file for the store, which is in memory otherwise. */
  readonly storePath?: string
  /** In place of the one in memory. */
  readonly auditLog?: AuditLog
  readonly identityProviders?: ServiceOptions['identityProviders']
  readonly externalKeyStores?: ServiceOptions['externalKeyStores']
  readonly xksProxy?: ServiceOptions['xksProxy']
  readonly trustedProxies?: readonly string[]
  readonly consoleFolder?: ServiceOptions['consoleFolder']
  readonly metrics?: ServiceOptions['metrics']
}

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = systemClock
  const store = await openSqliteStore({ path: options.storePath ?? ':memory:', node: 'test', clock })
  const auditLog = createMemoryAuditLog()
  const service = await createService({
    store,
    auditLog: options.auditLog ?? auditLog,
    eventHistory: createMemoryEventHistory(auditLog, { lookupsPerSecondMax: 1_000_000 }),
    rootKey: localRootKey(createRandomSource().keyBytes(32)),
    clock,
    log: options.log ?? silentLog,
    node: 'test',
    authentication: options.authentication ?? 'signed',
    tls: options.tls,
    identityProviders: options.identityProviders,
    externalKeyStores: options.externalKeyStores,
    xksProxy: options.xksProxy,
    trustedProxies: options.trustedProxies,
    consoleFolder: options.consoleFolder,
    metrics: options.metrics,
  })
  const owner = { account: ACCOUNT, principalId: 'AIDAEXAMPLEEXAMPLE001' }
  const token = await sealSecretAccessKey(service.domainKeys, owner, ACCESS_KEY_ID, SECRET_ACCESS_KEY)
  const createdAt = clock.now()
  await store.change(async (change) => {
    await change.insertAccount(ACCOUNT, createdAt)
    const user = { account: ACCOUNT, userName: 'alice', path: '/', userId: owner.principalId, createdAt, tags: [] }
    await change.insertUser({ ...user, boundaryArn: undefined })
    const policyArn = ADMINISTRATOR_ACCESS
    await change.attachPolicy({ account: ACCOUNT, ownerKind: 'user', ownerId: owner.principalId, policyArn })
    const key = { accessKeyId: ACCESS_KEY_ID, account: ACCOUNT, userName: 'alice', active: true, token, createdAt }
    await change.insertAccessKey(key)
  })
  const { host, port, xksProxy } = await service.listen({ host: '127.0.0.1', port: 0 })
  const scheme = options.tls === undefined ? 'http' : 'https'
  return {
    endpoint: `${scheme}://${host}:${port}`,
    port,
    xksProxyPort: xksProxy?.port,
    service,
    store,
    get auditLines() {
      return auditLog.lines
    },
    stop: () => service.stop(),
  }
}
