/** What the operator says of OpenID Connect providers, in a YAML file or as an object in process (docs/sts-and-iam.md). */
import { createLocalJWKSet } from 'jose'
import type { ProviderSettings } from '../domain/identity/provider-keys.ts'
import { type OperatorValues, openOperatorFile, operatorValues } from './operator-file.ts'

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
  const file = openOperatorFile(path, FLAG, HINT)
  return readProviders(file, path, {
    keys(value, where) {
      const keys = file.filePath(value, where)
      const text = file.readText(keys, where)
      let jwks: unknown
      try {
        jwks = JSON.parse(text)
      } catch (cause) {
        throw file.unusable(keys, 'not JSON', cause)
      }
      return checkedKeys(file, jwks, keys)
    },
    ca: (value, where) => file.readText(file.filePath(value, where), where),
  })
}

/** The same from an object, which has keys and certificates themselves instead of paths. @throws {UsageError} */
export function identityProvidersOf(providers: unknown): readonly ProviderSettings[] {
  const values = operatorValues(providers, OPTION, HINT)
  return readProviders(values, OPTION, {
    keys: (value, where) => checkedKeys(values, value, where),
    ca(value, where) {
      if (typeof value === 'string' && value.includes('-----BEGIN CERTIFICATE-----')) return value
      throw values.unusable(where, 'expected certificates in PEM')
    },
  })
}

const MEMBERS = ['keys', 'ca', 'private'] as const

function readProviders(values: OperatorValues, place: string, form: Form): readonly ProviderSettings[] {
  return Object.entries(values.contents).map(([url, given]) =>
    readProvider(values, url, given, `${place}: ${url}`, form),
  )
}

function readProvider(
  values: OperatorValues,
  url: string,
  given: unknown,
  where: string,
  form: Form,
): ProviderSettings {
  const settings = values.mapping(given, where)
  if (!url.startsWith('https://') || !URL.canParse(url)) {
    throw values.unusable(where, 'expected the https address of an issuer')
  }
  values.checkNames(settings, MEMBERS, where)
  const { keys, ca, private: isPrivate = false } = settings
  if (typeof isPrivate !== 'boolean') throw values.unusable(`${where}: private`, 'expected true or false')
  return {
    url,
    isPrivate,
    ...(keys === undefined ? {} : { jwks: form.keys(keys, `${where}: keys`) }),
    ...(ca === undefined ? {} : { ca: form.ca(ca, `${where}: ca`) }),
  }
}

function checkedKeys(values: OperatorValues, value: unknown, where: string): Jwks {
  const jwks = value as Jwks
  try {
    createLocalJWKSet(jwks)
  } catch (cause) {
    throw values.unusable(where, (cause as Error).message, cause)
  }
  if (jwks.keys.length > 0) return jwks
  throw values.unusable(where, 'expected at least one key')
}
