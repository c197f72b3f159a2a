/** Where the proxies of external key stores are, as the operator says in a YAML file (docs/external-key-stores.md). */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { fileFault } from '../base/file-fault.ts'
import { XKS_TIMEOUT_MS_MAX } from '../base/limits.ts'
import { duration, hostName, type Kind, wholeNumber, yesOrNo } from '../config/kinds.ts'
import { UsageError } from '../config/operator-error.ts'
import { parseYaml, YamlFault } from '../config/yaml.ts'
import { parseRoots } from '../crypto/attestation/roots.ts'
import { type ProxyNetwork, type ProxyPlace, PUBLIC_PLACE } from '../domain/key-stores/xks/proxy-route.ts'

const FLAG = '--external-key-stores'
const HINT = 'docs/external-key-stores.md shows such a file'

/** As the models of CreateCustomKeyStore have them. */
const ENDPOINT = /^https:\/\/[a-zA-Z0-9.-]{1,120}$/
const SERVICE = /^(?:com|eu)\.amazonaws\.vpce\.(?:[a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$/

type Texts = Readonly<Record<string, unknown>>

/** @throws {UsageError} with the place of what cannot be used. */
export function readExternalKeyStores(path: string): ProxyNetwork {
  const document = mapping(parse(path), path)
  refuseUnknown(document, ['endpoints', 'services'], path)
  const { endpoints, services } = document
  return {
    endpoints: readPlaces(endpoints, `${path}: endpoints`, path, (name) => {
      if (!ENDPOINT.test(name)) throw unusable(`${path}: ${name}`, 'expected an endpoint like https://xks.example.com')
      return name.toLowerCase()
    }),
    services: readPlaces(services, `${path}: services`, path, (name) => {
      const example = 'com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0'
      if (!SERVICE.test(name)) throw unusable(`${path}: ${name}`, `expected the name of a service like ${example}`)
      return name
    }),
  }
}

/** The failsafe schema leaves every scalar the text that it is. */
function parse(path: string): unknown {
  const text = readText(path, path)
  try {
    return parseYaml(text, { schema: 'failsafe' })
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error
    throw unusable(path, error.message)
  }
}

/** Nothing, as of a name with an empty value, is no members. */
function mapping(value: unknown, where: string): Texts {
  if (value === null || value === undefined || value === '') return {}
  if (typeof value === 'object' && !Array.isArray(value)) return value as Texts
  throw unusable(where, 'expected names with values')
}

function refuseUnknown(members: Texts, known: readonly string[], where: string): void {
  const unknown = Object.keys(members).find((name) => !known.includes(name))
  if (unknown !== undefined) throw unusable(where, `'${unknown}' is none of ${known.join(', ')}`)
}

function readPlaces(
  value: unknown,
  where: string,
  path: string,
  nameOf: (text: string) => string,
): Readonly<Record<string, ProxyPlace>> {
  const entries = Object.entries(mapping(value, where)).map(([text, place]) => {
    return [nameOf(text), readPlace(mapping(place, `${path}: ${text}`), `${path}: ${text}`, path)] as const
  })
  return Object.fromEntries(entries)
}

const MEMBERS = ['address', 'port', 'private', 'ca', 'certificate', 'key', 'timeout']

function readPlace(members: Texts, where: string, path: string): ProxyPlace {
  refuseUnknown(members, MEMBERS, where)
  const given = <T>(name: string, kind: Kind<T>) => readMember(members, name, kind, where, dirname(path))
  const text = (name: string) => readFileOf(members, name, where, path)
  if ((members.certificate === undefined) !== (members.key === undefined)) {
    throw unusable(where, 'certificate and key belong together')
  }
  const ca = text('ca')
  const chain = text('certificate')
  const certificate = chain === undefined ? undefined : { chain, key: text('key')! }
  checkPem(where, ca, certificate)
  return {
    address: given('address', hostName),
    port: given('port', wholeNumber(1, 65_535)) ?? PUBLIC_PLACE.port,
    isPrivate: given('private', yesOrNo) ?? PUBLIC_PLACE.isPrivate,
    ca,
    certificate,
    timeoutMs: given('timeout', duration(XKS_TIMEOUT_MS_MAX)) ?? PUBLIC_PLACE.timeoutMs,
  }
}

function readMember<T>(members: Texts, name: string, kind: Kind<T>, where: string, folder: string): T | undefined {
  const text = members[name]
  if (text === undefined) return undefined
  const value = typeof text === 'string' ? kind.read(text, folder) : undefined
  if (value === undefined) throw unusable(`${where}: ${name}`, `expected ${kind.expected}`)
  return value
}

/** Relative paths start from the file that names them. */
function readFileOf(members: Texts, name: string, where: string, path: string): string | undefined {
  const file = members[name]
  if (file === undefined) return undefined
  if (typeof file !== 'string' || file === '') throw unusable(`${where}: ${name}`, 'expected the path of a file')
  return readText(resolve(dirname(path), file), `${where}: ${name}`)
}

function checkPem(where: string, ca: string | undefined, certificate: ProxyPlace['certificate']): void {
  try {
    // TLS itself takes a broken certificate to trust for none.
    if (ca !== undefined) parseRoots(ca)
    createSecureContext({ ca, cert: certificate?.chain, key: certificate?.key })
  } catch (cause) {
    throw unusable(where, (cause as Error).message, cause)
  }
}

function readText(path: string, where: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw unusable(where, fileFault(cause).reason, cause)
  }
}

function unusable(where: string, why: string, cause?: unknown): UsageError {
  return new UsageError(`${FLAG}: cannot use ${where}: ${why}`, { hint: fileFault(cause).hint ?? HINT, cause })
}
