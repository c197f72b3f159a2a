/** Errors of PostgreSQL and of the way to it, and what they mean to whoever starts Keyhold. */
import { StoreError } from '../store-error.ts'
import type { PostgresLogin } from './postgres-login.ts'

/** SQLSTATE (PostgreSQL, appendix A), or the code of an error of the network or of TLS. */
function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? '')
}

/** An error that the server sent; all others are of the way to it. */
function isOfServer(error: unknown): boolean {
  return typeof (error as { severity?: unknown } | undefined)?.severity === 'string'
}

/** Severities after which the server ends the session; it may speak another language, but not in its codes. */
const FATAL: readonly unknown[] = ['FATAL', 'PANIC']
/** Connection exceptions; what ends connections, or is not ready for any; a session that did nothing inside a transaction. */
const ENDING = /^(08|57P|25P03)/

/** Of what pg threw: the connection cannot be used any more. */
export function isConnectionLost(error: unknown): boolean {
  if (!isOfServer(error)) return error instanceof Error
  return FATAL.includes((error as { severity: unknown }).severity) || ENDING.test(codeOf(error))
}

/** Of pg itself, which gives them no code. */
export function isTimeout(error: unknown): boolean {
  return /timeout/i.test(String((error as Error | undefined)?.message))
}

/** 55P03, lock_not_available. */
export function isLockTimeout(error: unknown): boolean {
  return isOfServer(error) && codeOf(error) === '55P03'
}

type Advice = (login: PostgresLogin) => string

const OF_CERTIFICATE: Advice = () =>
  "Its certificate cannot be trusted: name the certificate of its issuer with sslrootcert=FILE in the store's address."

const ADVICE: Readonly<Record<string, Advice>> = {
  '28P01': ({ user }) =>
    `The password of ${user} is wrong. Put the right one into KEYHOLD_STORE_PASSWORD, the file of --store-password-file, or ~/.pgpass.`,
  '28000': ({ user, database }) =>
    `Let ${user} use the database ${database} from this machine in the server's pg_hba.conf, or use TLS if that asks for it.`,
  '3D000': ({ database, user }) =>
    `Make the database first: CREATE DATABASE "${database}" OWNER "${user}" ENCODING 'UTF8'`,
  '42501': ({ user, database }) => `Make ${user} the owner of the database ${database} and of its tables.`,
  '53300': () => "Raise the server's max_connections: each worker of a machine needs up to five.",
  '57P03': () => 'Wait until the server is ready, and start again.',
  ECONNREFUSED: () => 'Nothing listens there: look whether the server runs and the address is right.',
  ENOENT: () => 'There is no socket in that folder: look whether the server runs and the folder is right.',
  EACCES: () => 'Let this user use the socket of the server.',
  ENOTFOUND: () => 'This machine cannot resolve that name: look whether the address is right.',
  EAI_AGAIN: () => 'This machine cannot resolve that name now: look whether its name server works.',
  ETIMEDOUT: () => 'The server does not answer: look whether a firewall is between it and this machine.',
  EHOSTUNREACH: () => 'There is no way to that address from this machine.',
  ERR_TLS_CERT_ALTNAME_INVALID: () =>
    "Its certificate has another name: use the certificate's name in the store's address, or give the server one with that name.",
  CERT_HAS_EXPIRED: () => 'Its certificate has expired: renew it.',
  SELF_SIGNED_CERT_IN_CHAIN: OF_CERTIFICATE,
  DEPTH_ZERO_SELF_SIGNED_CERT: OF_CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT: OF_CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: OF_CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: OF_CERTIFICATE,
}

/** Errors of pg that have no code, by what they say. */
const ADVICE_BY_TEXT: readonly (readonly [RegExp, string, Advice])[] = [
  [
    /password must be a/,
    'the server asks for a password',
    ({ user }) => `Put that of ${user} into KEYHOLD_STORE_PASSWORD, the file of --store-password-file, or ~/.pgpass.`,
  ],
  [
    /does not support SSL/,
    'the server has no TLS',
    () => 'Turn TLS on there (ssl = on), or add sslmode=disable to the address if nobody else can be on the way.',
  ],
  [/timeout/i, 'the server does not answer', ADVICE.ETIMEDOUT!],
  [/terminated/i, 'the server ended the connection', () => 'Look into its log, and start again.'],
]

/** @returns the error to throw when the store could not be opened because of `error`. */
export function openError(login: PostgresLogin, error: unknown): unknown {
  if (error instanceof StoreError) return error
  const [cause] = error instanceof AggregateError ? error.errors : [error]
  const advice = ADVICE[codeOf(cause)]
  const [, told, adviceByText] = ADVICE_BY_TEXT.find(([text]) => text.test((cause as Error).message)) ?? []
  if (advice === undefined && adviceByText === undefined) return error
  const reason = advice === undefined ? told! : (cause as Error).message
  const text = (advice ?? adviceByText)!(login)
  return new StoreError(`Cannot open the store ${nameOf(login)}: ${reason}. ${text}`, { cause: error })
}

/** As an address, for people: nothing in it is secret. */
export function nameOf({ host, port, database, user }: Omit<PostgresLogin, 'password' | 'tls'>): string {
  if (host.startsWith('/')) return `postgres://${user}@/${database}?host=${host}&port=${port}`
  return `postgres://${user}@${host.includes(':') ? `[${host}]` : host}:${port}/${database}`
}
