/**
 * The address of a PostgreSQL database, in the form that its own programs take (libpq, "Connection URIs"): beyond this machine only with
 * TLS that knows the server, or without by name. No password: a flag or a file would show it.
 */
import { isAbsolute } from 'node:path'
import { isLoopback } from './listen-rules.ts'
import { UsageError } from './operator-error.ts'

export interface StoreAddress {
  /** Name, IP address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  /** `undefined`: no TLS. */
  readonly tls: StoreTls | undefined
}

/** Paths of PEM files. */
export interface StoreTls {
  readonly rootCert: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
}

const DEFAULT_PORT = 5432
const PORT_MAX = 65_535
const FILES = ['sslrootcert', 'sslcert', 'sslkey'] as const
const PARAMETERS: readonly string[] = ['host', 'port', 'sslmode', ...FILES]
const FORM = 'write it like this: postgres://keyhold@db.example.org/keyhold'

/** @throws {UsageError} that repeats nothing of the text, which may hold a password after all. */
export function storeAddressOf(text: string): StoreAddress {
  const url = parse(text)
  if (url.password !== '') {
    throw unusable('it has a password, which every user of this machine could see', {
      hint: 'put it into the variable KEYHOLD_STORE_PASSWORD, a file for --store-password-file, or ~/.pgpass',
    })
  }
  const parameters = parametersOf(url)
  const host = hostOf(url, parameters)
  const [user, database] = [decode(url.username), decode(url.pathname.slice(1))]
  if (user === '' || database === '' || database.includes('/'))
    throw unusable('expected a user and a database', { hint: FORM })
  return {
    ...{ host, user, database },
    port: portOf(url, parameters),
    tls: tlsOf(host, parameters),
  }
}

function unusable(why: string, options: { hint: string }): UsageError {
  return new UsageError(`--store: ${why}`, options)
}

/** A host may be missing where a parameter names a socket, which a URL in general does not allow. */
function parse(text: string): URL {
  const url = URL.parse(text.replace(/^([a-z]+:\/\/[^/?#]*@)\//, `$1${NO_HOST}/`))
  if (url !== null && ['postgres:', 'postgresql:'].includes(url.protocol) && url.hash === '') return url
  throw unusable('expected the address of a PostgreSQL database', { hint: FORM })
}

const NO_HOST = 'socket'

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw unusable('a % in it stands before no two hex digits', { hint: FORM })
  }
}

function parametersOf({ searchParams }: URL): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const [name, value] of searchParams) {
    const isKnown = PARAMETERS.includes(name) && !parameters.has(name)
    if (!isKnown)
      throw unusable(`it has a parameter that is unknown or there twice`, {
        hint: `the parameters are ${PARAMETERS.join(', ')}`,
      })
    if (name.startsWith('ssl') && name !== 'sslmode' && !isAbsolute(value)) {
      throw unusable(`${name} is no absolute path`, { hint: `name the file like this: ${name}=/etc/keyhold/store.pem` })
    }
    parameters.set(name, value)
  }
  return parameters
}

function hostOf({ hostname }: URL, parameters: ReadonlyMap<string, string>): string {
  const socket = parameters.get('host')
  if (socket === undefined && hostname !== NO_HOST && hostname !== '') return decode(hostname).replace(/^\[|\]$/g, '')
  if (socket?.startsWith('/')) return socket
  throw unusable('expected a host, or the folder of a Unix socket', {
    hint: `${FORM}, or postgres://keyhold@/keyhold?host=/run/postgresql`,
  })
}

/** A socket has one in its name, for which a URL without a host has no place. */
function portOf({ port }: URL, parameters: ReadonlyMap<string, string>): number {
  const text = port || (parameters.get('port') ?? '')
  if (text === '') return DEFAULT_PORT
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= PORT_MAX) return number
  throw unusable(`expected a port from 1 to ${PORT_MAX}`, { hint: FORM })
}

function tlsOf(host: string, parameters: ReadonlyMap<string, string>): StoreTls | undefined {
  const [rootCert, cert, key] = FILES.map((name) => parameters.get(name))
  const mode = parameters.get('sslmode')
  const isNear = host.startsWith('/') || isLoopback(host)
  const namesFiles = FILES.some((name) => parameters.has(name))
  if ((cert === undefined) !== (key === undefined)) {
    throw unusable('sslcert and sslkey belong together', { hint: 'give both or none' })
  }
  switch (mode) {
    case 'verify-full':
      return { rootCert, cert, key }
    case undefined:
      return isNear && !namesFiles ? undefined : { rootCert, cert, key }
    case 'disable':
      if (!namesFiles) return undefined
      throw unusable('sslmode=disable needs no certificates', { hint: 'leave one of the two out' })
    default:
      throw unusable('its sslmode would not tell the server from somebody on the way', {
        hint: 'use sslmode=verify-full, with sslrootcert=FILE for an issuer of your own, or sslmode=disable to go without TLS',
      })
  }
}
