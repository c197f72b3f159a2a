/**
 * The credentials of a tenant: one file for each, in a folder of their own, in the form that AWS's console takes as the configuration
 * of a proxy. A file that is put there is in force on every worker within a second or two, one that is removed no longer (XS-7).
 */
import { type BigIntStats, closeSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileFault } from '../base/file-fault.ts'
import { JsonError, parseJson } from '../base/json.ts'
import { XKS_CREDENTIAL_FILE_BYTES_MAX, XKS_CREDENTIALS_LOOK_INTERVAL_MS, XKS_CREDENTIALS_MAX } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { RandomSource } from '../crypto/random.ts'
import { uriPathOf, type XksTenant } from './settings.ts'

export interface XksCredential {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface XksCredentials {
  /** UTF-8 bytes; `undefined`: nobody's id. */
  secretOf(accessKeyId: string): Uint8Array | undefined
}

export interface FollowedCredentials extends XksCredentials {
  /** Looks now, not at the next interval. */
  look(): void
  stop(): void
}

export type CredentialTenant = Pick<XksTenant, 'prefix' | 'credentials'>

export interface CredentialFolder {
  /** Access key id → secret. */
  readonly secrets: ReadonlyMap<string, Uint8Array>
  /** Of files that cannot be used, each with its path; nothing of what is in them. */
  readonly problems: readonly string[]
}

/** keystores.md 1.1. */
const ACCESS_KEY_ID = /^[A-Z2-7]{20,30}$/
const SECRET_ACCESS_KEY = /^[a-zA-Z0-9/+=]{43,64}$/

/** 20 characters, `XKS` and 85 random bits; the secret has 264 (XS-9). */
export function newCredential(random: RandomSource): XksCredential {
  const letters = Array.from(random.nonce(17), (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte % 32])
  return { accessKeyId: `XKS${letters.join('')}`, secretAccessKey: random.keyBytes(33).toString('base64') }
}

/** What AWS's console takes, and what {@link readCredentials} reads. */
export function credentialText(prefix: string, { accessKeyId, secretAccessKey }: XksCredential): string {
  const XksProxyAuthenticationCredential = { AccessKeyId: accessKeyId, RawSecretAccessKey: secretAccessKey }
  return `${JSON.stringify({ XksProxyUriPath: uriPathOf(prefix), XksProxyAuthenticationCredential }, undefined, 2)}\n`
}

/** Never fails: who cannot read the folder lets nobody in. */
export function readCredentials({ prefix, credentials: folder }: CredentialTenant): CredentialFolder {
  const secrets = new Map<string, Uint8Array>()
  const problems: string[] = []
  let names: readonly string[] = []
  try {
    names = credentialFiles(folder)
    if (names.length > XKS_CREDENTIALS_MAX) problems.push(`${folder}: more than ${XKS_CREDENTIALS_MAX} credentials`)
  } catch (error) {
    problems.push(`${folder}: ${fileFault(error).reason}`)
  }
  for (const name of names.slice(0, XKS_CREDENTIALS_MAX)) {
    try {
      const { accessKeyId, secretAccessKey } = readCredential(join(folder, name), uriPathOf(prefix))
      if (secrets.has(accessKeyId)) throw new Error('another file has the same AccessKeyId')
      secrets.set(accessKeyId, Buffer.from(secretAccessKey))
    } catch (error) {
      problems.push(`${join(folder, name)}: ${fileFault(error).reason}`)
    }
  }
  return { secrets, problems }
}

function credentialFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .sort()
}

function readCredential(path: string, uriPath: string): XksCredential {
  const members = parse(readPrivately(path))
  const credential = membersOf(members.XksProxyAuthenticationCredential)
  const { AccessKeyId: accessKeyId, RawSecretAccessKey: secretAccessKey } = credential
  if (members.XksProxyUriPath !== uriPath) throw new Error(`its XksProxyUriPath is not ${uriPath}`)
  if (typeof accessKeyId !== 'string' || !ACCESS_KEY_ID.test(accessKeyId)) {
    throw new Error('its AccessKeyId is not of 20 to 30 characters A-Z and 2-7')
  }
  if (typeof secretAccessKey !== 'string' || !SECRET_ACCESS_KEY.test(secretAccessKey)) {
    throw new Error('its RawSecretAccessKey is not of 43 to 64 characters a-z, A-Z, 0-9, /, + and =')
  }
  return { accessKeyId, secretAccessKey }
}

/** What others can read is no secret. */
function readPrivately(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const { mode, size } = fstatSync(file)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new Error('others than its owner may use it, expected mode 0600')
    }
    if (size > XKS_CREDENTIAL_FILE_BYTES_MAX) throw new Error(`longer than ${XKS_CREDENTIAL_FILE_BYTES_MAX} bytes`)
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

type Members = Readonly<Record<string, unknown>>

function parse(bytes: Buffer): Members {
  try {
    return membersOf(parseJson(bytes, 3))
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new Error(error.message)
  }
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {}
}

/** Looked at rather than watched: mounted secrets are links that change. */
export function followCredentials(tenant: CredentialTenant, log: Log): FollowedCredentials {
  let version = versionOf(tenant.credentials)
  let secrets = read()

  function read(): ReadonlyMap<string, Uint8Array> {
    const found = readCredentials(tenant)
    for (const problem of found.problems)
      log.error({ problem }, 'a credential of the external key store proxy is not accepted')
    const fields = { tenant: uriPathOf(tenant.prefix), accessKeyIds: [...found.secrets.keys()] }
    if (found.secrets.size === 0) log.warn(fields, 'no credential is accepted by the external key store proxy')
    else log.info(fields, 'credentials that the external key store proxy accepts')
    return found.secrets
  }

  function look(): void {
    const found = versionOf(tenant.credentials)
    if (found === version) return
    version = found
    const before = secrets
    secrets = read()
    for (const secret of before.values()) secret.fill(0)
  }

  const timer = setInterval(look, XKS_CREDENTIALS_LOOK_INTERVAL_MS).unref()
  return {
    secretOf: (accessKeyId) => secrets.get(accessKeyId),
    look,
    stop: () => clearInterval(timer),
  }
}

/** Changes whenever one of the files does. */
function versionOf(folder: string): string {
  try {
    return credentialFiles(folder)
      .slice(0, XKS_CREDENTIALS_MAX + 1)
      .map((name) => `${name} ${fileVersion(statSync(join(folder, name), { bigint: true, throwIfNoEntry: false }))}`)
      .join(', ')
  } catch (error) {
    return fileFault(error).reason
  }
}

function fileVersion(found: BigIntStats | undefined): string {
  return found === undefined ? 'none' : `${found.ino} ${found.size} ${found.mode} ${found.mtimeNs}`
}
