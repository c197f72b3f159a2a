/** What the operator says of OpenID Connect providers, in a YAML file (docs/sts-and-iam.md). */
import { createLocalJWKSet } from 'jose'
import type { ProviderSettings } from '../domain/identity/provider-keys.ts'
import { type Mapping, type OperatorFile, openOperatorFile } from './operator-file.ts'

const FLAG = '--identity-providers'
const HINT = 'docs/sts-and-iam.md shows such a file'

/** @throws {UsageError} with the place of what cannot be used. */
export function readIdentityProviders(path: string): readonly ProviderSettings[] {
  const file = openOperatorFile(path, FLAG, HINT)
  return Object.entries(file.contents).map(([url, settings]) => {
    const where = `${path}: ${url}`
    return readProvider(url, file.mapping(settings, where), file, where)
  })
}

const MEMBERS = ['keys', 'ca', 'private'] as const

function readProvider(url: string, settings: Mapping, file: OperatorFile, where: string): ProviderSettings {
  if (!url.startsWith('https://') || !URL.canParse(url))
    throw file.unusable(where, 'expected the https address of an issuer')
  file.checkNames(settings, MEMBERS, where)
  const { keys, ca, private: isPrivate = false } = settings
  if (typeof isPrivate !== 'boolean') throw file.unusable(`${where}: private`, 'expected true or false')
  return {
    url,
    isPrivate,
    ...(keys === undefined ? {} : { jwks: readKeys(file.filePath(keys, `${where}: keys`), file, where) }),
    ...(ca === undefined ? {} : { ca: file.readText(file.filePath(ca, `${where}: ca`), `${where}: ca`) }),
  }
}

function readKeys(path: string, file: OperatorFile, where: string): NonNullable<ProviderSettings['jwks']> {
  const text = file.readText(path, `${where}: keys`)
  try {
    const jwks = JSON.parse(text)
    createLocalJWKSet(jwks)
    if (jwks.keys.length > 0) return jwks
  } catch (cause) {
    throw file.unusable(path, cause instanceof SyntaxError ? 'not JSON' : (cause as Error).message, cause)
  }
  throw file.unusable(path, 'expected at least one key')
}
