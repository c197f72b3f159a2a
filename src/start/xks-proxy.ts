/** Keyhold as the proxy of external key stores, as the operator says in a YAML file (docs/external-key-manager.md). */
import { isAccount, isRegion, keyArn, parseArn } from '../base/arn.ts'
import {
  KEY_STORE_CALLS_PER_SECOND_MAX,
  XKS_EXTERNAL_KEYS_MAX,
  XKS_METADATA_CHARS_MAX,
  XKS_TENANTS_MAX,
  XKS_TIMEOUT_MS_MAX,
  XKS_WORK_MS,
} from '../base/limits.ts'
import { duration, hostName } from '../config/kinds.ts'
import { isLoopback } from '../config/listen-rules.ts'
import { CertificateError, readCertificate } from '../wire/tls-certificate.ts'
import { readCredentials } from '../xks-proxy/credentials.ts'
import {
  EXTERNAL_KEY_USAGES,
  type ExternalKey,
  type ExternalKeyUsage,
  type SecondaryAuthorization,
  type XksProxySettings,
  type XksTenant,
} from '../xks-proxy/settings.ts'
import { type Mapping, type OperatorFile, openOperatorFile } from './operator-file.ts'

const FLAG = '--xks-proxy'
const HINT = 'docs/external-key-manager.md shows such a file'
const DEFAULT_HOST = '127.0.0.1'
/** The only one that AWS KMS calls. */
const DEFAULT_PORT = 443
const CALLS_PER_SECOND_MAX = 1_000_000

/** @throws {UsageError} with the place of what cannot be used. */
export function readXksProxy(path: string): XksProxySettings {
  const settings = readXksTenants(path)
  const file = openOperatorFile(path, FLAG, HINT)
  for (const tenant of settings.tenants) {
    const [problem] = readCredentials(tenant).problems
    if (problem === undefined) continue
    const where = `${path}: ${tenant.prefix || '/'}: credentials`
    throw file.unusable(where, `${problem}; 'keyhold xks-credential create' makes one`)
  }
  return settings
}

/** The same without a look at the credentials, for the command that makes the first one. @throws {UsageError} */
export function readXksTenants(path: string): XksProxySettings {
  const file = openOperatorFile(path, FLAG, HINT)
  const { contents } = file
  file.checkNames(contents, ['host', 'port', 'tls-cert', 'tls-key', 'timeout', 'tenants'], path)
  const listen = {
    host: readHost(contents.host ?? DEFAULT_HOST, file, path),
    port: readPort(contents.port ?? DEFAULT_PORT, file, path),
  }
  const tls = readTls(contents, listen.host, file, path)
  const tenants = Object.entries(file.mapping(contents.tenants ?? {}, `${path}: tenants`)).map(([name, tenant]) =>
    readTenant(name, tenant, file, `${path}: ${name}`),
  )
  if (tenants.length === 0 || tenants.length > XKS_TENANTS_MAX) {
    throw file.unusable(`${path}: tenants`, `expected 1 to ${XKS_TENANTS_MAX} of them`)
  }
  checkTogether(tenants, file, path)
  return { listen, tls, tenants, timeoutMs: readTimeout(contents.timeout, file, `${path}: timeout`) }
}

function readHost(value: unknown, file: OperatorFile, path: string): string {
  const host = typeof value === 'string' ? hostName.read(value, '') : undefined
  if (host !== undefined) return host
  throw file.unusable(`${path}: host`, `expected ${hostName.expected}`)
}

function readPort(value: unknown, file: OperatorFile, path: string): number {
  return readWhole(value, 0, 65_535, file, `${path}: port`)
}

const timeouts = duration(XKS_TIMEOUT_MS_MAX)

function readTimeout(value: unknown, file: OperatorFile, where: string): number {
  if (value === undefined) return XKS_WORK_MS
  const timeoutMs = typeof value === 'string' ? timeouts.read(value, '') : undefined
  if (timeoutMs !== undefined && timeoutMs > 0) return timeoutMs
  throw file.unusable(where, `expected ${timeouts.expected}`)
}

function readWhole(value: unknown, min: number, max: number, file: OperatorFile, where: string): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number
  throw file.unusable(where, `expected a whole number from ${min} to ${max}`)
}

function readTls(contents: Mapping, host: string, file: OperatorFile, path: string): XksProxySettings['tls'] {
  const { 'tls-cert': cert, 'tls-key': key } = contents
  if (cert === undefined && key === undefined) {
    if (isLoopback(host)) return undefined
    throw file.unusable(
      `${path}: tls-cert`,
      `${host} is reachable from other machines, which needs tls-cert and tls-key`,
    )
  }
  const files = { cert: file.filePath(cert, `${path}: tls-cert`), key: file.filePath(key, `${path}: tls-key`) }
  try {
    readCertificate(files)
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause
    throw file.unusable(`${path}: tls-cert and tls-key`, cause.message, cause)
  }
  return files
}

/** The model of CreateCustomKeyStore has it so, with `/kms/xks/v1` behind it and 128 characters in all. */
const PREFIX = /^(?:\/|(?:\/[a-zA-Z0-9_-]+)+)$/
const PREFIX_CHARS_MAX = 117

function readTenant(name: string, value: unknown, file: OperatorFile, where: string): XksTenant {
  if (!PREFIX.test(name) || name.length > PREFIX_CHARS_MAX) {
    throw file.unusable(where, 'expected what stands before /kms/xks/v1, such as /tenant-a, or / for nothing')
  }
  const members = file.mapping(value, where)
  file.checkNames(members, ['credentials', 'regions', 'calls-per-second', 'keys'], where)
  const regions = readTexts(members.regions, file, `${where}: regions`)
  const strange = regions?.find((region) => !isRegion(region))
  if (strange !== undefined) throw file.unusable(`${where}: regions`, `'${strange}' is no Region such as eu-west-1`)
  return {
    prefix: name === '/' ? '' : name,
    credentials: file.filePath(members.credentials, `${where}: credentials`),
    regions,
    callsPerSecondMax: readWhole(
      members['calls-per-second'] ?? KEY_STORE_CALLS_PER_SECOND_MAX,
      ...([1, CALLS_PER_SECOND_MAX] as const),
      ...([file, `${where}: calls-per-second`] as const),
    ),
    keys: Object.entries(file.mapping(members.keys ?? {}, `${where}: keys`)).map(([externalId, key]) =>
      readKey(externalId, key, file, `${where}: keys: ${externalId}`),
    ),
  }
}

const EXTERNAL_ID = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$/

function readKey(externalId: string, value: unknown, file: OperatorFile, where: string): ExternalKey {
  if (!EXTERNAL_ID.test(externalId)) {
    throw file.unusable(where, 'expected an id of at most 128 characters a-z, A-Z, 0-9, dot, underscore and hyphen')
  }
  const members = file.mapping(value, where)
  file.checkNames(members, ['kms-key', 'usage', 'allow'], where)
  return {
    externalId,
    key: readKeyArn(members['kms-key'], file, `${where}: kms-key`),
    usages: readUsages(members.usage ?? EXTERNAL_KEY_USAGES, file, `${where}: usage`),
    allow: readAllow(members.allow ?? {}, file, `${where}: allow`),
  }
}

function readKeyArn(value: unknown, file: OperatorFile, where: string): ExternalKey['key'] {
  const arn = typeof value === 'string' ? value : ''
  const { region = '', account = '', resource = '' } = parseArn(arn) ?? {}
  const keyId = /^key\/([A-Za-z0-9-]{1,128})$/.exec(resource)?.[1]
  if (keyId !== undefined && isAccount(account) && isRegion(region) && arn === keyArn(account, region, keyId)) {
    return { arn, account, region, keyId }
  }
  throw file.unusable(
    where,
    'expected the ARN of a key of this installation, such as arn:aws:kms:eu-central-1:111122223333:key/…',
  )
}

function readUsages(value: unknown, file: OperatorFile, where: string): readonly ExternalKeyUsage[] {
  const isGood =
    Array.isArray(value) &&
    value.every((usage) => EXTERNAL_KEY_USAGES.includes(usage)) &&
    new Set(value).size === value.length
  if (isGood) return value
  throw file.unusable(where, 'expected a list of ENCRYPT and DECRYPT, or an empty one')
}

function readAllow(value: unknown, file: OperatorFile, where: string): SecondaryAuthorization {
  const members = file.mapping(value, where)
  file.checkNames(members, ['principals', 'kms-keys', 'via-services', 'operations'], where)
  const texts = (name: string) => readTexts(members[name], file, `${where}: ${name}`)
  return {
    principals: texts('principals'),
    kmsKeys: texts('kms-keys'),
    viaServices: texts('via-services'),
    operations: texts('operations'),
  }
}

/** An empty list would allow nothing: whoever means that leaves the key out. */
function readTexts(value: unknown, file: OperatorFile, where: string): readonly string[] | undefined {
  if (value === undefined) return undefined
  const isGood =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((text) => typeof text === 'string' && text !== '' && text.length <= XKS_METADATA_CHARS_MAX)
  if (isGood) return value
  throw file.unusable(where, 'expected a list of texts, those that begin with * in quotes')
}

/** What one tenant encrypted no other may decrypt, whichever ids it has for the key; all members of a multi-Region set can. */
function checkTogether(tenants: readonly XksTenant[], file: OperatorFile, path: string): void {
  const owners = new Map<string, XksTenant>()
  let count = 0
  for (const tenant of tenants) {
    for (const { externalId, key } of tenant.keys) {
      const where = `${path}: ${tenant.prefix || '/'}: keys: ${externalId}: kms-key`
      const set = `${key.account} ${key.keyId}`
      const owner = owners.get(set) ?? tenant
      if (owner !== tenant) throw file.unusable(where, `the key serves the tenant ${owner.prefix || '/'} already`)
      if (++count > XKS_EXTERNAL_KEYS_MAX)
        throw file.unusable(where, `expected at most ${XKS_EXTERNAL_KEYS_MAX} external keys`)
      owners.set(set, tenant)
    }
  }
}
