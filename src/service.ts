/**
 * The composition root: the one place where a store, an audit log, a root key and a way to authenticate are plugged
 * together. `config` and `cli` choose them; tests choose others.
 */
import assert from 'node:assert/strict'
import type { AuditLog } from './audit/audit-log.ts'
import type { EventHistory } from './audit/event-history.ts'
import { type Authenticator, createAuthenticator } from './auth/authenticator.ts'
import { createDevelopmentAuthenticator } from './auth/development-authenticator.ts'
import { type Clock, systemClock } from './base/clock.ts'
import { KmsError } from './base/errors.ts'
import type { Log } from './base/log.ts'
import type { ClockControl, MovableClock } from './base/movable-clock.ts'
import { NITRO_ENCLAVES_ROOT } from './crypto/attestation/nitro-root.ts'
import { parseRoots } from './crypto/attestation/roots.ts'
import { createRandomSource } from './crypto/random.ts'
import type { RootKey } from './crypto/root-key/root-key.ts'
import { createAttestations } from './domain/attestation.ts'
import { createAuditOutbox } from './domain/audit-outbox.ts'
import type { SendEvent } from './domain/bus-event.ts'
import { followChanges } from './domain/change-follower.ts'
import { createDeletionAlarms, type DeletionAlarms } from './domain/deletion-alarms.ts'
import { createGrantTokens } from './domain/grants/grant-tokens.ts'
import { openSecretAccessKey } from './domain/identity/access-key-secret.ts'
import { createAccessKeyUsage } from './domain/identity/access-key-usage.ts'
import { createCallerRights } from './domain/identity/caller-rights.ts'
import type { ServiceAccessKey, StoredUser } from './domain/identity/entities.ts'
import type { IdentityServices } from './domain/identity/identity-services.ts'
import { makeAccessKey } from './domain/identity/new-access-key.ts'
import type { ProviderSettings } from './domain/identity/provider-keys.ts'
import type { ExternalAccounts } from './domain/identity/resolve-principal.ts'
import { openServiceSecret } from './domain/identity/service-secrets.ts'
import { createSessions } from './domain/identity/sessions.ts'
import type { VerifyWebIdentity } from './domain/identity/web-identity.ts'
import { createKeyImports } from './domain/imports/key-imports.ts'
import { createKeyStoreConnector, type KeyStoreConnector } from './domain/key-stores/connector.ts'
import type { KeyStoreBackends } from './domain/key-stores/key-store-backend.ts'
import { createKeyStores, type KeyStores } from './domain/key-stores/key-stores.ts'
import { createPasswordRotation } from './domain/key-stores/password-rotation.ts'
import { createStoreSecrets, type StoreSecrets } from './domain/key-stores/store-secrets.ts'
import {
  createExternalKeyStoreBackend,
  type ExternalKeyStoreOptions,
} from './domain/key-stores/xks/external-key-store-backend.ts'
import { NO_PROXY_NETWORK, type ProxyNetwork } from './domain/key-stores/xks/proxy-route.ts'
import { createKeyUsage, type KeyUsage } from './domain/key-usage.ts'
import { createDomainKeyFollower } from './domain/keys/domain-key-follower.ts'
import { createDomainKeys, type DomainKeys, type OpenChangedRootKey } from './domain/keys/domain-keys.ts'
import { createKeyMaterials, type KeyMaterials } from './domain/keys/key-material.ts'
import { createQuotas, type QuotaSettings } from './domain/quotas.ts'
import { createRecordCache } from './domain/record-cache.ts'
import type { RandomSource } from './domain/services.ts'
import type { Store } from './domain/store.ts'
import { createCloudHsmBackend } from './hsm/cloud-hsm-backend.ts'
import type { HsmCluster } from './hsm/hsm-cluster.ts'
import { announceDeletionAlarms } from './jobs/announce-deletion-alarms.ts'
import { eraseDeletedKeys } from './jobs/erase-deleted-keys.ts'
import { eraseExpiredMaterials } from './jobs/erase-expired-material.ts'
import { indexEvents } from './jobs/index-events.ts'
import { createJobRunner, type JobRunner } from './jobs/job-runner.ts'
import { pruneChanges } from './jobs/prune-changes.ts'
import { pruneRevocations } from './jobs/prune-revocations.ts'
import { retireDomainKeys } from './jobs/retire-domain-keys.ts'
import { rotateDueKeys } from './jobs/rotate-due-keys.ts'
import { sendEvents } from './jobs/send-events.ts'
import { tendKeyStores } from './jobs/tend-key-stores.ts'
import type { NodeMetrics } from './metrics/node-metrics.ts'
import { operationsOf } from './operations/index.ts'
import { createPipeline, type Execute } from './pipeline/execute.ts'
import type { Faults } from './pipeline/faults.ts'
import { type Address, createHttpServer, type ListenAddress, type TlsFiles } from './wire/http-server.ts'
import { createTrustedProxies } from './wire/trusted-proxies.ts'
import { operatorGuards } from './xks-proxy/operator-guards.ts'
import type { XksProxySettings } from './xks-proxy/settings.ts'
import type { XksProxyServices } from './xks-proxy/xks-proxy.ts'

export type { Address } from './wire/http-server.ts'

/** Where a service listens. */
export interface Bound extends Address {
  /** Of the external key store proxy, if it is one. */
  readonly xksProxy?: Address | undefined
}

export interface ServiceOptions {
  readonly store: Store
  readonly auditLog: AuditLog
  /** Of that log; without it LookupEvents is refused. */
  readonly eventHistory?: EventHistory | undefined
  readonly rootKey: RootKey
  /** Opens the root key that the store was changed to while this node runs. */
  readonly openChangedRootKey?: OpenChangedRootKey | undefined
  readonly clock: Clock
  /** Development only: the clock, if everybody who reaches the server may move it. */
  readonly movableClock?: MovableClock | undefined
  readonly log: Log
  /** Names this process among all that share the store. */
  readonly node: string
  /** `development` also accepts credentials that nobody issued; never beyond loopback. */
  readonly authentication: 'signed' | 'development'
  readonly tls?: TlsFiles | undefined
  /** Addresses and CIDR ranges of proxies that are believed about their clients. */
  readonly trustedProxies?: readonly string[] | undefined
  /** PEM certificates that attestation documents may begin with; AWS's root of Nitro Enclaves if not given. */
  readonly attestationRoots?: string | undefined
  /** What the operator says of some identity providers (docs/sts-and-iam.md). */
  readonly identityProviders?: readonly ProviderSettings[] | undefined
  /** Clusters of HSMs that custom key stores may be made on (docs/key-stores.md). */
  readonly hsmClusters?: readonly HsmCluster[] | undefined
  /** Where the operator has put proxies of external key stores; those in the Internet need no word of his. */
  readonly externalKeyStores?: ProxyNetwork | undefined
  /** Keyhold as the proxy of external key stores of others (docs/external-key-manager.md); not if not given. */
  readonly xksProxy?: XksProxySettings | undefined
  /** False for a node that leaves custom key stores, and the erasing of keys, to others: that of an operator's command. */
  readonly servesKeyStores?: boolean | undefined
  /** What becomes of principals of accounts that are not hosted here, in grants and policies; `reject` if not given. */
  readonly externalAccounts?: ExternalAccounts | undefined
  /** What all principals of all accounts must be allowed besides, as JSON text that `readGuardPolicy` took (E-13); nothing if not given. */
  readonly guardPolicy?: string | undefined
  /** Tell those who are refused which policy and statement denied, not only of what kind it is (authorization.md X-3); no if not given. */
  readonly verboseDenials?: boolean | undefined
  /** What accounts may have, and how often they may call; AWS's quotas of keys, aliases and grants if not given. */
  readonly quotas?: QuotaSettings | undefined
  /** Where events and alarms are posted to; nowhere if not given. */
  readonly eventUrl?: string | undefined
  /** Development only: what is to fail, if everybody who reaches the server may choose it. */
  readonly faults?: Faults | undefined
  /** Logs audit records that nodes which did not come back have left in the store. */
  readonly adoptAuditRecords?: (() => Promise<void>) | undefined
  /** Development only: for this long a new grant is seen only by calls that present its token (GT-5). */
  readonly grantPropagationDelayMs?: number | undefined
  /** Path of the web console's build; `undefined`: none is served. */
  readonly consoleFolder?: string | undefined
  /** `undefined`: nothing is measured. */
  readonly metrics?: NodeMetrics | undefined
}

export interface Service {
  listen(address: ListenAddress): Promise<Bound>
  /** Answers what was accepted, then closes the audit log and the store. */
  stop(): Promise<void>
  readonly execute: Execute
  readonly authenticator: Authenticator
  readonly domainKeys: DomainKeys
  readonly keyMaterials: KeyMaterials
  readonly random: RandomSource
  readonly keyUsage: KeyUsage
  readonly deletionAlarms: DeletionAlarms
  readonly jobs: JobRunner
  readonly keyStores: KeyStores
  readonly keyStoreConnector: KeyStoreConnector
  /** There is one if the clock can be moved. */
  readonly clockControl: ClockControl | undefined
  /** Reads the changes of other nodes now. */
  refresh(): Promise<void>
}

export async function createService(options: ServiceOptions): Promise<Service> {
  const { auditLog, clock, log, node, metrics } = options
  const store = metrics?.measured(options.store) ?? options.store
  assert((options.movableClock ?? options.faults) === undefined || options.authentication === 'development')
  const random = createRandomSource()
  const domainKeys = createDomainKeys(store, options.rootKey, clock, random, options.openChangedRootKey, log)
  const cache = createRecordCache(store)
  const storeSecrets = createStoreSecrets(domainKeys)
  const backends: KeyStoreBackends =
    options.servesKeyStores === false ? {} : keyStoreBackends(options, random, storeSecrets)
  const keyStores = createKeyStores(store, storeSecrets, backends, metrics?.throttled)
  const keyMaterials = createKeyMaterials(store, domainKeys, random, keyStores)
  const keyUsage = alsoTold(createKeyUsage(store, log), metrics?.keyUsed)
  const deletionAlarms = createDeletionAlarms(store, log)
  const keyImports = createKeyImports(store, domainKeys)
  const grants = {
    tokens: createGrantTokens(domainKeys, random),
    propagationDelayMs: options.grantPropagationDelayMs ?? 0,
  }
  const attestations = createAttestations(parseRoots(options.attestationRoots ?? NITRO_ENCLAVES_ROOT))
  const sessions = createSessions({ store, domainKeys, random })
  // Clients sign with the real time, wherever ours was moved.
  const signingClock = options.movableClock === undefined ? clock : systemClock
  const credentials = {
    findCredential: (accessKeyId: string) => store.findCredential(accessKeyId),
    async openAccount(account: string) {
      if (await store.hasAccount(account)) return
      await store.change((change) => change.insertAccount(account, clock.now()))
    },
    openSecret: openSecretAccessKey.bind(undefined, domainKeys),
    services: {
      find: (accessKeyId: string) => store.findServiceAccessKey(accessKeyId),
      openSecret: (accessKey: ServiceAccessKey) => openServiceSecret(domainKeys, accessKey),
    },
    sessions,
    sessionClock: clock,
    clock: signingClock,
  }
  const authenticator =
    options.authentication === 'signed' ? createAuthenticator(credentials) : createDevelopmentAuthenticator(credentials)
  const extraGuards = await operatorGuards(options)
  const rights = createCallerRights(store, extraGuards)
  const accessKeyUsage = createAccessKeyUsage(store, log)
  const identity: IdentityServices = {
    externalAccounts: options.externalAccounts ?? 'reject',
    extraGuards,
    makeAccessKey: (account: string, owner: StoredUser | undefined) =>
      makeAccessKey(domainKeys, random, account, owner),
    issueSession: sessions.issue,
    verifyWebIdentity: lazyWebIdentities(store, options.identityProviders ?? [], log),
    rightsOf: rights.rightsOf,
    noteUse: accessKeyUsage.note,
    lastUse: accessKeyUsage.lastUse,
  }
  const connector = createKeyStoreConnector({ store, backends, clock, log, node })
  const domainKeyFollower = createDomainKeyFollower(domainKeys, log)
  const memories = [cache, keyMaterials, keyStores, connector, authenticator, rights, domainKeyFollower]
  const changes = await followChanges(store, memories, signingClock, log)
  const outbox = createAuditOutbox(store, (line) => auditLog.append(line), log)

  const send = sendTo(options.eventUrl, log)
  const shared = { store, clock, random, node, outbox, keyMaterials, keyStores, sendsEvents: send !== undefined }
  const execute = createPipeline({
    ...shared,
    quotas: createQuotas(options.quotas),
    audit: auditLog,
    eventHistory: options.eventHistory,
    cache,
    keyImports,
    grants,
    keyUsage,
    deletionAlarms,
    identity,
    attestations,
    denials: options.verboseDenials === true ? 'verbose' : 'kind of policy',
    log,
  })
  // A key is erased where its key in an HSM can be.
  const ofKeyStores =
    options.servesKeyStores === false ? [] : [eraseDeletedKeys(shared), tendKeyStores({ ...shared, connector })]
  const jobs = createJobRunner(
    [
      ...ofKeyStores,
      rotateDueKeys(shared),
      eraseExpiredMaterials(shared),
      pruneChanges(store, clock),
      pruneRevocations(store, clock),
      retireDomainKeys({ store, domainKeys, clock, log }),
      ...(options.adoptAuditRecords === undefined
        ? []
        : [{ name: 'adopt audit records', run: options.adoptAuditRecords }]),
      announceDeletionAlarms({ store, clock, log, send }),
      ...(send === undefined ? [] : [sendEvents(store, send)]),
      ...(options.eventHistory === undefined ? [] : [indexEvents(options.eventHistory)]),
    ],
    store,
    clock,
    node,
    log,
    metrics?.jobEnded,
  )
  // Of stores that a restart has to connect again (keystores.md CS-12).
  void connector.look()
  const clockControl = options.movableClock && controlClock(options.movableClock, jobs)
  /** What every call has to pass before it is looked at (wire/request-handler.ts, pipeline/execute.ts). */
  async function canServe(): Promise<boolean> {
    try {
      await changes.ensureFresh()
      auditLog.admit(false)
      return true
    } catch (error) {
      if (!(error instanceof KmsError)) throw error
      return false
    }
  }

  const xksProxy = await openXksProxy(options.xksProxy, {
    ...{ cache, store, keyMaterials, keyUsage, deletionAlarms, audit: auditLog, random, clock, domainKeys },
    ...{ ensureFresh: changes.ensureFresh, canServe, signingClock, log },
  })
  const server = createHttpServer({
    execute: options.faults === undefined ? execute : options.faults.around(execute),
    authenticator,
    operations: operationsOf,
    clock,
    uuid: random.uuid,
    log,
    observer: metrics?.server,
    ensureFresh: changes.ensureFresh,
    canServe,
    tls: options.tls,
    trustedProxies: options.trustedProxies && createTrustedProxies(options.trustedProxies),
    clockControl,
    faults: options.faults,
    refusesForeignPages: options.authentication === 'development',
    consoleFolder: options.consoleFolder,
  })

  metrics?.shows(() => ({ audit: auditLog.figures(), server: server.figures(), changeLagMs: changes.lag() }))

  return {
    execute,
    authenticator,
    domainKeys,
    keyMaterials,
    keyUsage,
    deletionAlarms,
    random,
    jobs,
    keyStores,
    keyStoreConnector: connector,
    clockControl,
    refresh: changes.poll,
    async listen(address) {
      await domainKeyFollower.start()
      const bound = await server.listen(address)
      const ofProxy = xksProxy && { xksProxy: await xksProxy.listen(address.isShared === true) }
      jobs.start()
      return { ...bound, ...ofProxy }
    },
    async stop() {
      await Promise.all([server.close(), xksProxy?.close()])
      await jobs.stop()
      await connector.stop()
      await domainKeyFollower.stop()
      await keyUsage.stop()
      await deletionAlarms.stop()
      await accessKeyUsage.stop()
      await outbox.stop()
      await changes.stop()
      await options.eventHistory?.close()
      await auditLog.close()
      await store.close()
      metrics?.stop()
    },
  }
}

function alsoTold(keyUsage: KeyUsage, tell: NodeMetrics['keyUsed']): KeyUsage {
  if (tell === undefined) return keyUsage
  return {
    ...keyUsage,
    note(key, operation, time, eventId, requestId) {
      keyUsage.note(key, operation, time, eventId, requestId)
      tell(key.arn, operation)
    },
  }
}

/** Loaded only where it is asked for. */
async function openXksProxy(settings: XksProxySettings | undefined, services: XksProxyServices) {
  if (settings === undefined) return undefined
  const { createXksProxy } = await import('./xks-proxy/xks-proxy.ts')
  return createXksProxy(settings, services)
}

function keyStoreBackends(
  {
    store,
    hsmClusters,
    externalKeyStores: network = NO_PROXY_NETWORK,
    clock,
    movableClock,
    log,
    metrics,
  }: ServiceOptions,
  random: RandomSource,
  secrets: StoreSecrets,
): KeyStoreBackends {
  const passwords = createPasswordRotation(store, secrets)
  // Proxies go by the real time, wherever ours was moved.
  const openTransport = openProxyTransport(movableClock === undefined ? clock : systemClock)
  return {
    AWS_CLOUDHSM: createCloudHsmBackend({ clusters: hsmClusters ?? [], passwords, keys: store, random, log }),
    EXTERNAL_KEY_STORE: createExternalKeyStoreBackend({
      ...{ reader: store, secrets, network, openTransport, random, clock, log },
      observer: metrics?.proxies,
    }),
  }
}

/** Loaded at first use: most servers have no external key store, and the library for signatures would slow every start. */
function openProxyTransport(clock: Clock): ExternalKeyStoreOptions['openTransport'] {
  return async (route, signing) => {
    const { createProxyTransport } = await import('./outgoing/proxy-transport.ts')
    return createProxyTransport(route, signing, clock)
  }
}

/** Loaded at first use, which may be long after the start. */
function sendTo(url: string | undefined, log: Log): SendEvent | undefined {
  if (url === undefined) return undefined
  return async (event) => {
    const { postJson } = await import('./outgoing/post-json.ts')
    try {
      await postJson(url, event)
      return true
    } catch (error) {
      const { message: problem } = error as Error
      log.warn({ event: event.id, problem }, 'an event was not taken by the address of --event-url; will try again')
      return false
    }
  }
}

/** Loaded at first use: most servers never meet a web identity, and the library for their tokens would slow every start. */
function lazyWebIdentities(store: Store, providers: readonly ProviderSettings[], log: Log): VerifyWebIdentity {
  let loading: Promise<VerifyWebIdentity> | undefined
  const load = async () => {
    const [{ createWebIdentities }, { createProviderKeys }, { fetchDocument }] = await Promise.all([
      import('./domain/identity/web-identity.ts'),
      import('./domain/identity/provider-keys.ts'),
      import('./outgoing/fetch-document.ts'),
    ])
    const keys = createProviderKeys({ fetchDocument, providers, monotonic: () => performance.now(), log })
    return createWebIdentities({ store, keys })
  }
  return async (...token) => {
    loading ??= load()
    return (await loading)(...token)
  }
}

function controlClock(clock: MovableClock, jobs: JobRunner): ClockControl {
  return {
    now: () => clock.now(),
    advance(ms) {
      clock.advance(ms)
      return jobs.runAll()
    },
    set(time) {
      clock.set(time)
      return jobs.runAll()
    },
    reset() {
      clock.reset()
      return jobs.runAll()
    },
  }
}
