/** What the operator says of OpenID Connect providers, in a YAML file or as an object in process (docs/sts-and-iam.md). */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createLocalJWKSet } from 'jose'
import { parseDocument } from 'yaml'
import { UsageError } from '../config/operator-error.ts'
import type { ProviderSettings } from '../domain/identity/provider-keys.ts'

const FLAG = '--identity-providers'
const OPTION = 'identityProviders'
const HINT = 'docs/sts-and-iam.md shows such a file'

type Jwks = NonNullable<ProviderSettings['jwks']>

/** How the members of a provider are read, which differs between a file and an object. */
interface Form {
  keys(value: unknown, where: string): Jwks
  ca(value: unknown, where: string): string
}

/** @throws {UsageError} with the place of what cannot be used. */
export function readIdentityProviders(path: string): readonly ProviderSettings[] {
  const form: Form = {
    keys(value, where) {
      const file = filePath(value, where, path)
      return readKeys(readText(file, where), file)
    },
    ca: (value, where) => readText(filePath(value, where, path), where),
  }
  return readProviders(parseYaml(path), `${FLAG}: cannot use ${path}`, form)
}

/** The same from an object, which has keys and certificates themselves instead of paths. @throws {UsageError} */
export function identityProvidersOf(providers: unknown): readonly ProviderSettings[] {
  return readProviders(providers, OPTION, {
    keys: (value, where) => checkedKeys(value, where),
    ca(value, where) {
      if (typeof value === 'string' && value.includes('-----BEGIN CERTIFICATE-----')) return value
      throw unusable(where, 'expected certificates in PEM')
    },
  })
}

function readProviders(given: unknown, where: string, form: Form): readonly ProviderSettings[] {
  return Object.entries(mapping(given, where)).map(([url, settings]) =>
    readProvider(url, mapping(settings, `${where}: ${url}`), `${where}: ${url}`, form),
  )
}

function parseYaml(path: string): unknown {
  const where = `${FLAG}: cannot use ${path}`
  const document = parseDocument(readText(path, where))
  const [error] = document.errors
  if (error !== undefined) throw unusable(where, error.message.split('\n', 1)[0]!)
  return document.toJS() ?? {}
}

function mapping(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw unusable(where, 'expected names with values')
}

const MEMBERS: ReadonlySet<string> = new Set(['keys', 'ca', 'private'])

function readProvider(
  url: string,
  settings: Readonly<Record<string, unknown>>,
  where: string,
  form: Form,
): ProviderSettings {
  if (!url.startsWith('https://') || !URL.canParse(url))
    throw unusable(where, 'expected the https address of an issuer')
  const unknown = Object.keys(settings).find((name) => !MEMBERS.has(name))
  if (unknown !== undefined) throw unusable(where, `'${unknown}' is none of ${[...MEMBERS].join(', ')}`)
  const { keys, ca, private: isPrivate = false } = settings
  if (typeof isPrivate !== 'boolean') throw unusable(`${where}: private`, 'expected true or false')
  return {
    url,
    isPrivate,
    ...(keys === undefined ? {} : { jwks: form.keys(keys, `${where}: keys`) }),
    ...(ca === undefined ? {} : { ca: form.ca(ca, `${where}: ca`) }),
  }
}

/** Relative paths start from the file that names them. */
function filePath(value: unknown, where: string, path: string): string {
  if (typeof value !== 'string' || value === '') throw unusable(where, 'expected the path of a file')
  return resolve(dirname(path), value)
}

function readKeys(text: string, path: string): Jwks {
  const where = `${FLAG}: cannot use ${path}`
  let jwks: unknown
  try {
    jwks = JSON.parse(text)
  } catch (cause) {
    throw unusable(where, 'not JSON', cause)
  }
  return checkedKeys(jwks, where)
}

function checkedKeys(value: unknown, where: string): Jwks {
  const jwks = value as Jwks
  try {
    createLocalJWKSet(jwks)
  } catch (cause) {
    throw unusable(where, (cause as Error).message, cause)
  }
  if (jwks.keys.length > 0) return jwks
  throw unusable(where, 'expected at least one key')
}

function readText(path: string, where: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw unusable(where, (cause as Error).message, cause)
  }
}

function unusable(where: string, why: string, cause?: unknown): UsageError {
  return new UsageError(`${where}: ${why}`, { hint: HINT, cause })
}
