/** `keyhold start`: a durable server. */
import { flushCompileCache } from 'node:module'
import { checkMetricsHost, type TlsSettings, tlsOf } from '../config/listen-rules.ts'
import { UsageError } from '../config/operator-error.ts'
import { defaultDataFolder, type Settings } from '../config/settings.ts'
import { storeAddressOf } from '../config/store-address.ts'
import { readStorePassword, storePasswordIn } from '../config/store-password.ts'
import { readAttestationRoots } from '../start/attestation.ts'
import { dataFolder } from '../start/data-folder.ts'
import { createLogger } from '../start/logger.ts'
import type { MetricsSettings } from '../start/metrics.ts'
import { refuseReplacedPins } from '../start/pkcs11-root-key.ts'
import { type PreparedFolder, prepareDataFolder } from '../start/prepare.ts'
import { ROOT_KEY_SETTINGS, rootKeyChoiceOf } from '../start/root-key-choice.ts'
import { rootKeyFiles } from '../start/root-key-files.ts'
import type { SealedServer, SealedServerOptions } from '../start/sealed-server.ts'
import { createSealedStart, StoppedSealed } from '../start/sealed-start.ts'
import { serve } from '../start/serve.ts'
import { readServiceSettings, readXksProxySettings, SERVICE_SETTINGS } from '../start/service-settings.ts'
import type { Serving } from '../start/serving.ts'
import { firstSignal } from '../start/signals.ts'
import type { WantedStore } from '../start/store-place.ts'
import { CertificateError, expiryOf, readCertificate } from '../wire/tls-certificate.ts'
import { createTrustedProxies } from '../wire/trusted-proxies.ts'
import { defineCommand } from './command.ts'
import { madeFolderNote, sealedGreeting, serverGreeting } from './greeting.ts'
import { EXIT_OK, STOPPING, type Terminal, tellWarning } from './terminal.ts'

export const start = defineCommand({
  settings: [
    'host',
    'port',
    'data',
    'store',
    'storePasswordFile',
    'workers',
    ...ROOT_KEY_SETTINGS,
    'tlsCert',
    'tlsKey',
    'allowPlainHttp',
    'trustedProxies',
    'attestationRoots',
    ...SERVICE_SETTINGS,
    'xksProxy',
    'checkpointFile',
    'checkpointUrl',
    'auditFiles',
    'auditRetentionDays',
    'auditRetentionGib',
    'auditCompression',
    'account',
    'region',
    'metricsPort',
    'metricsHost',
    'metricsByKey',
    'logLevel',
    'config',
  ],
  fallbacks: { data: '~/.local/share/keyhold', account: 'a random one', externalAccounts: 'reject' },
  meanings: {
    account: 'Account that the first start makes, with an administrator.',
    region: 'Region of examples and of the credentials file.',
  },
  description: `
Runs a durable server. The first start makes the data folder with a root key, an account and an
administrator, whose access key it writes to the file 'credentials' there, for AWS tools to read.
Back up the root key: without it nobody can read the store again, and that includes you.

Prints 'listening on URL' when it is ready. SIGTERM, SIGHUP or Ctrl-C stops it after the requests that
it has accepted; a second one at once.`,
  async run({ settings, terminal }) {
    const tls = tlsOf(settings)
    checkMetricsHost(settings)
    if (tls !== undefined) checkCertificate(tls, terminal)
    if (settings.trustedProxies !== undefined) checkProxies(settings.trustedProxies)
    const attestationRoots = settings.attestationRoots && (await readAttestationRoots(settings.attestationRoots))
    const xksProxy = await readXksProxySettings(settings)
    const serviceSettings = { ...(await readServiceSettings(settings)), xksProxy }
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    const choice = { ...rootKeyChoiceOf(settings, terminal.env), storePassword: storePasswordIn(terminal.env) }
    const { account, region, logLevel, host, port, checkpointFile, checkpointUrl } = settings
    const log = createLogger({ level: logLevel, forPerson: terminal.hasPerson })
    const store = wantedStore(settings)
    const copies = { checkpointFile, checkpointUrl }
    const made = { folder, account, region, mode: 'server', log } as const
    const wire = { tls, trustedProxies: settings.trustedProxies }
    let serving: Serving | undefined
    const signal = once(() => firstSignal(() => serving?.kill()))
    const sealed = createSealedStart({
      folder,
      log,
      signal,
      listen: () => listenSealed({ host, port, ...wire }),
      onSealed: (address, parameters) => void terminal.print(sealedGreeting(address, tls, parameters)),
    })
    const { openShares, unsealer } = sealed
    const wanted = { ...choice, ...made, store, copies, keeping: settings, openShares }
    const prepared = await prepareDataFolder(wanted).catch((error) => {
      sealed.close()
      if (!(error instanceof StoppedSealed)) throw error
    })
    if (prepared === undefined) {
      terminal.tell(STOPPING)
      return EXIT_OK
    }
    try {
      await refuseReplacedPins(rootKeyFiles(folder), choice.hsm, serviceSettings.hsmClusters ?? [])
      const node = { settings: serviceSettings, attestationRoots, ...wire, authentication: 'signed', logLevel } as const
      const metrics = metricsOf(settings, prepared)
      const address = { host, port: sealed.address?.port ?? port }
      const task = { ...choice, ...node, ...address, folder: folder.path, unsealed: unsealer.unsealed, metrics }
      serving = await serve(settings.workers, task, log).catch((error) => {
        if (prepared.isFirstStart) terminal.tell(madeFolderNote(folder))
        throw error
      })
      unsealer.onUnsealed((rootKeyId) => serving?.unsealed?.(rootKeyId))
      const stopped = signal()
      terminal.print(
        serverGreeting({
          address: serving.address,
          folder,
          prepared,
          region,
          tls,
          xksProxyTls: xksProxy?.tls,
          hasConsole: settings.console,
        }),
      )
      // Node would write it at the end, which a killed server does not come to.
      flushCompileCache()
      await stopped
      terminal.tell(STOPPING)
      await serving.stop()
    } finally {
      sealed.close()
      await prepared.keeper?.close()
      await prepared.checkpoints.close()
      prepared.lock.release()
    }
    return EXIT_OK
  },
})

/** Signals are waited for from when somebody can think that the server is there: sealed, or serving. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Loaded where it is needed: a primary process that only watches its workers stays small. */
async function listenSealed(options: SealedServerOptions): Promise<SealedServer> {
  return (await import('../start/sealed-server.ts')).listenSealed(options)
}

function metricsOf(
  {
    metricsPort: port,
    metricsHost: host,
    metricsByKey: byKey,
  }: Pick<Settings, 'metricsPort' | 'metricsHost' | 'metricsByKey'>,
  { tornFrames }: PreparedFolder,
): MetricsSettings | undefined {
  return port === undefined ? undefined : { host, port, byKey, tornFrames }
}

/** Before a data folder is made for one that cannot be. */
function wantedStore({
  store,
  storePasswordFile,
}: Pick<Settings, 'store' | 'storePasswordFile'>): WantedStore | undefined {
  if (store !== undefined) {
    storeAddressOf(store)
    if (storePasswordFile !== undefined) readStorePassword(storePasswordFile)
    return { address: store, passwordFile: storePasswordFile }
  }
  if (storePasswordFile === undefined) return undefined
  throw new UsageError('--store-password-file is for the database of --store; give both or none')
}

/** Before a data folder is made for a server that could not listen. */
function checkCertificate(tls: TlsSettings, terminal: Terminal): void {
  try {
    const over = expiryOf(readCertificate(tls))
    if (over !== undefined) tellWarning(terminal, `--tls-cert: ${tls.cert} expired on ${over.toISOString()}`)
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause
    throw new UsageError(`--tls-cert and --tls-key: ${cause.message}`, { hint: cause.hint, cause })
  }
}

function checkProxies(ranges: readonly string[]): void {
  try {
    createTrustedProxies(ranges)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UsageError(`--trusted-proxies: '${error.message}' is no address and no range`)
  }
}
