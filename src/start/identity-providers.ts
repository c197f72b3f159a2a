/** What the operator says of OpenID Connect providers, in a YAML file (docs/sts-and-iam.md). */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createLocalJWKSet } from 'jose'
import { parseDocument } from 'yaml'
import { UsageError } from '../config/operator-error.ts'
import type { ProviderSettings } from '../domain/identity/provider-keys.ts'

const FLAG = '--identity-providers'
const HINT = 'docs/sts-and-iam.md shows such a file'

/** @throws {UsageError} with the place of what cannot be used. */
export function readIdentityProviders(path: string): readonly ProviderSettings[] {
  const document = parseYaml(path)
  const providers = mapping(document, path)
  return Object.entries(providers).map(([url, settings]) =>
    readProvider(url, mapping(settings, `${path}: ${url}`), path),
  )
}

function parseYaml(path: string): unknown {
  const document = parseDocument(readText(path, path))
  const [error] = document.errors
  if (error !== undefined) throw unusable(path, error.message.split('\n', 1)[0]!)
  return document.toJS() ?? {}
}

function mapping(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw unusable(where, 'expected names with values')
}

const MEMBERS: ReadonlySet<string> = new Set(['keys', 'ca', 'private'])

function readProvider(url: string, settings: Readonly<Record<string, unknown>>, path: string): ProviderSettings {
  const where = `${path}: ${url}`
  if (!url.startsWith('https://') || !URL.canParse(url))
    throw unusable(where, 'expected the https address of an issuer')
  const unknown = Object.keys(settings).find((name) => !MEMBERS.has(name))
  if (unknown !== undefined) throw unusable(where, `'${unknown}' is none of ${[...MEMBERS].join(', ')}`)
  const { keys, ca, private: isPrivate = false } = settings
  if (typeof isPrivate !== 'boolean') throw unusable(`${where}: private`, 'expected true or false')
  return {
    url,
    isPrivate,
    ...(keys === undefined ? {} : { jwks: readKeys(filePath(keys, `${where}: keys`, path), where) }),
    ...(ca === undefined ? {} : { ca: readText(filePath(ca, `${where}: ca`, path), `${where}: ca`) }),
  }
}

/** Relative paths start from the file that names them. */
function filePath(value: unknown, where: string, path: string): string {
  if (typeof value !== 'string' || value === '') throw unusable(where, 'expected the path of a file')
  return resolve(dirname(path), value)
}

function readKeys(path: string, where: string): NonNullable<ProviderSettings['jwks']> {
  const text = readText(path, `${where}: keys`)
  try {
    const jwks = JSON.parse(text)
    createLocalJWKSet(jwks)
    if (jwks.keys.length > 0) return jwks
  } catch (cause) {
    throw unusable(path, cause instanceof SyntaxError ? 'not JSON' : (cause as Error).message, cause)
  }
  throw unusable(path, 'expected at least one key')
}

function readText(path: string, where: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw unusable(where, (cause as Error).message, cause)
  }
}

function unusable(where: string, why: string, cause?: unknown): UsageError {
  return new UsageError(`${FLAG}: cannot use ${where}: ${why}`, { hint: HINT, cause })
}
