/**
 * Every setting, declared once. Its name here (`tlsCert`) makes the flag (`--tls-cert`), the environment variable
 * (`KEYHOLD_TLS_CERT`) and the key in the configuration file (`tls-cert`). Secrets are no settings: a flag or a file
 * would show them (`passphrase.ts`, `store-password.ts`).
 */
import { availableParallelism, homedir } from 'node:os'
import { join } from 'node:path'
import {
  accountId,
  addressRanges,
  duration,
  hostName,
  type Kind,
  keyArn,
  oneOf,
  path,
  pcrList,
  postAddress,
  regionName,
  serviceOrigin,
  text,
  tokenNames,
  wholeNumber,
  yesNoWord,
  yesOrNo,
} from './kinds.ts'

export interface Setting<Value, Fallback> {
  readonly kind: Kind<Value>
  readonly help: string
  /** What counts where nobody gives a value. */
  readonly fallback: Fallback
  /** The fallback in words, where it would not tell by itself. */
  readonly fallbackText: string | undefined
}

function setting<T>(kind: Kind<T>, help: string, fallback: T, fallbackText?: string): Setting<T, T> {
  return { kind, help, fallback, fallbackText }
}

function optional<T>(kind: Kind<T>, help: string, fallbackText?: string): Setting<T, undefined> {
  return { kind, help, fallback: undefined, fallbackText }
}

export const DEFAULT_PORT = 4599
export const DEFAULT_ROOT_KEY_LABEL = 'keyhold-root-key'
const WORKERS_MAX = 256
const AUDIT_RETENTION_DAYS_MAX = 36_500
const AUDIT_RETENTION_GIB_MAX = 1_000_000
export const GRANT_PROPAGATION_DELAY_MS_MAX = 60 * 60 * 1000

export const SETTINGS = Object.freeze({
  config: optional(path('FILE'), 'Read settings from this YAML file; flags and variables win over it.'),
  host: setting(hostName, 'Address to listen on.', '127.0.0.1'),
  port: setting(wholeNumber(0, 65_535), 'Port to listen on; 0 takes any free one.', DEFAULT_PORT),
  data: optional(path('DIR'), 'Folder that holds everything durable.'),
  store: optional(
    text('URL'),
    'PostgreSQL database that machines share: postgres://USER@HOST/DATABASE (docs/several-machines.md).',
    'a file in the data folder',
  ),
  storePasswordFile: optional(
    path('FILE'),
    'File with the password of its user, instead of the variable KEYHOLD_STORE_PASSWORD or ~/.pgpass.',
  ),
  workers: setting(
    wholeNumber(1, WORKERS_MAX),
    'Processes that share the port.',
    Math.min(availableParallelism(), WORKERS_MAX),
    'one per core',
  ),
  rootKey: optional(
    oneOf('file', 'passphrase', 'kms', 'pkcs11', 'shares'),
    'What protects all keys at rest: a key file in the data folder, your passphrase, a KMS key elsewhere, a key in an HSM, or shares that people keep (docs/root-keys.md).',
    'as the data folder was made; file for a new one',
  ),
  passphraseFile: optional(path('FILE'), 'File with the passphrase, instead of the variable KEYHOLD_PASSPHRASE.'),
  rootKeyArn: optional(keyArn, 'KMS key that protects all keys at rest, at AWS or in another Keyhold.'),
  rootKeyEndpoint: optional(serviceOrigin, 'Where that KMS key is.', "AWS's endpoint in its Region"),
  rootKeyCredentials: optional(
    path('FILE'),
    "Access key for that KMS key, in AWS's shared credentials format.",
    'the variables and files of AWS tools',
  ),
  rootKeyModule: optional(path('FILE'), 'PKCS #11 library of the HSM with the key that protects all keys at rest.'),
  rootKeyToken: optional(tokenNames, 'The token of that HSM, or several that have the same keys.'),
  rootKeyLabel: optional(
    text('LABEL'),
    'Label of that key, which is made if the token has none of it.',
    DEFAULT_ROOT_KEY_LABEL,
  ),
  rootKeyPinFile: optional(
    path('FILE'),
    "File with the PIN of the token's user, instead of the variable KEYHOLD_ROOT_KEY_PIN.",
  ),
  tlsCert: optional(path('FILE'), 'Certificate chain (PEM) to serve HTTPS with; read again when it changes.'),
  tlsKey: optional(path('FILE'), 'Private key (PEM) of the certificate.'),
  allowPlainHttp: setting(
    yesOrNo,
    'Listen beyond this machine without TLS, for example behind a proxy that has it.',
    false,
  ),
  trustedProxies: optional(
    addressRanges,
    'Proxies that are believed about the address of their clients (X-Forwarded-For) and about TLS (X-Forwarded-Proto).',
    'none',
  ),
  console: setting(yesNoWord, 'Serve the web console at /console/.', true, 'yes'),
  account: optional(accountId, 'Account of the administrator, and of seeded keys that name none.'),
  region: setting(
    regionName,
    'Region of examples, of the credentials file, and of seeded keys that name none.',
    'us-east-1',
  ),
  seed: optional(path('FILE'), 'Keys and aliases to begin with (docs/seed-file.md).'),
  attestationRoots: optional(
    path('FILE'),
    'Root certificates (PEM) that attestation documents of recipients may begin with.',
    "AWS's root of Nitro Enclaves",
  ),
  identityProviders: optional(
    path('FILE'),
    'What to know of OpenID Connect providers: keys, certificates, private addresses (docs/sts-and-iam.md).',
  ),
  hsmClusters: optional(
    path('FILE'),
    'Clusters of HSMs (PKCS #11) that custom key stores may be made on (docs/key-stores.md).',
  ),
  externalKeyStores: optional(
    path('FILE'),
    'Where proxies of external key stores are: private routes, ports, certificates (docs/external-key-stores.md).',
  ),
  xksProxy: optional(
    path('FILE'),
    'Be the external key manager of AWS KMS or another Keyhold: listener, tenants, keys (docs/external-key-manager.md).',
  ),
  attestationIssuer: optional(
    path('FILE'),
    "Root of your own for attestation documents ('keyhold attest'); made if it does not exist.",
  ),
  externalAccounts: optional(
    oneOf('reject', 'accept'),
    'Key policies and grants that name principals of accounts which are not hosted here.',
    'reject; accept in development',
  ),
  guardPolicy: optional(
    path('FILE'),
    'Policy that binds all callers of all accounts, root included, as a service control policy (docs/access-control.md).',
  ),
  verboseDenials: setting(
    yesOrNo,
    'Tell refused callers which policy and statement denied, not only its kind; for development.',
    false,
  ),
  quotas: optional(
    path('FILE'),
    'How many keys, aliases and grants accounts may have, and how often they may call (docs/quotas.md).',
    "AWS's quotas of keys, aliases and grants; calls are not limited",
  ),
  eventUrl: optional(
    postAddress,
    'Address that events and alarms are posted to as JSON: rotations, deletions, expiries (docs/events.md).',
    'none; alarms are in the log',
  ),
  metricsPort: optional(
    wholeNumber(0, 65_535),
    'Port of a listener of its own for metrics, GET /metrics in the format of Prometheus (docs/metrics.md).',
    'none; nothing is measured',
  ),
  metricsHost: setting(hostName, 'Address that metrics are collected from.', '127.0.0.1'),
  metricsByKey: setting(yesOrNo, 'Count successful cryptographic operations by key, too.', false),
  checkpointFile: optional(
    path('FILE'),
    'File, best on another machine, that checkpoints of the audit log are added to as well (docs/audit.md).',
  ),
  checkpointUrl: optional(
    postAddress,
    'Address that checkpoints of the audit log are posted to as JSON as well (docs/audit.md).',
  ),
  auditFiles: optional(
    path('DIR'),
    'Folder that audit records are delivered to as well, in files as CloudTrail writes them (docs/audit.md).',
  ),
  auditRetentionDays: optional(
    wholeNumber(1, AUDIT_RETENTION_DAYS_MAX),
    'Days that audit records are kept at least; older ones are removed, and checkpoints tell of it (docs/audit.md).',
    'for ever',
  ),
  auditRetentionGib: optional(
    wholeNumber(1, AUDIT_RETENTION_GIB_MAX),
    'GiB that the audit log may take; beyond them its oldest records are removed, and checkpoints tell of it.',
    'without end',
  ),
  auditCompression: setting(
    yesNoWord,
    'Compress the audit log (Zstandard) as soon as a part of it is full; it takes about a tenth of the space then.',
    false,
    'no',
  ),
  grantPropagationDelay: setting(
    duration(GRANT_PROPAGATION_DELAY_MS_MAX),
    'How long a new grant is seen only by calls that present its token, as on AWS.',
    0,
    '0s',
  ),
  pcrs: optional(pcrList, 'Measurements in the document.', 'zeros, as of an enclave in debug mode'),
  json: setting(yesOrNo, 'Print JSON, for programs.', false),
  logLevel: setting(oneOf('debug', 'info', 'warn', 'error', 'silent'), 'Least important messages to log.', 'info'),
})

export type SettingName = keyof typeof SETTINGS

export type Settings = {
  readonly [K in SettingName]: (typeof SETTINGS)[K] extends Setting<infer Value, infer Fallback>
    ? Value | Fallback
    : never
}

export const SETTING_NAMES = Object.freeze(Object.keys(SETTINGS)) as readonly SettingName[]

/** `tlsCert` → `tls-cert`: the flag without its dashes, and the key in the file. */
export function keyOf(name: SettingName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

export function flagOf(name: SettingName): string {
  return `--${keyOf(name)}`
}

export const VARIABLE_PREFIX = 'KEYHOLD_'

export function variableOf(name: SettingName): string {
  return VARIABLE_PREFIX + keyOf(name).replaceAll('-', '_').toUpperCase()
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Where durable data goes if nobody says: one place for each user, not one below the working directory, where a `git clean`
 * or a start from another folder would seem to have lost every key (XDG Base Directory Specification).
 */
export function defaultDataFolder(env: Environment): string {
  if (env.XDG_DATA_HOME?.startsWith('/')) return join(env.XDG_DATA_HOME, 'keyhold')
  if (process.platform === 'win32' && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, 'keyhold')
  return join(homedir(), '.local', 'share', 'keyhold')
}
