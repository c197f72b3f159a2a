/** Connections to a PostgreSQL server: a few that work, and one that listens. */
import { readFileSync } from 'node:fs'
import type { CompiledQuery, QueryResult } from 'kysely'
import { Client, type ClientBase, type ClientConfig, Pool, type PoolClient, type QueryResult as Rows, types } from 'pg'
import pgpass from 'pgpass'
import { fileFault } from '../../base/file-fault.ts'
import {
  STORE_CONNECT_MS_MAX,
  STORE_CONNECTION_IDLE_MS,
  STORE_CONNECTIONS_MAX,
  STORE_IDLE_TRANSACTION_MS_MAX,
  STORE_STATEMENT_MS_MAX,
} from '../../base/limits.ts'
import { StoreError } from '../store-error.ts'
import { isConnectionLost, isTimeout } from './postgres-errors.ts'
import type { PostgresLogin, PostgresTls } from './postgres-login.ts'
import { fromColumn, toColumn } from './postgres-text.ts'
import { createTurns, type Turns } from './turns.ts'

export interface PostgresConnections {
  /** One query, on any connection. It is asked again, once, if the connection turns out to be lost. */
  query(query: CompiledQuery): Promise<QueryResult<unknown>>
  /** Text without parameters, which may be several statements: the rows of the last. Of the same kind as {@link query}. */
  ask(text: string): Promise<Rows>
  /** For a transaction. `begin` runs again, once, on a new connection if that which it was given turns out to be lost. */
  checkOut(begin: (client: PoolClient) => Promise<void>): Promise<PoolClient>
  /** On the connection that listens, so that an answer also says that it hears. */
  askListener(text: string): Promise<ListenerRows>
  /** Calls `listener` when another process notified the channel. */
  onNotification(listener: () => void): void
  /** Those that are open, but for the one that listens. */
  count(): number
  close(): Promise<void>
}

export interface ListenerRows extends Pick<Rows, 'rows'> {
  /** Of the database that was asked: another one goes on from an earlier state, perhaps, and has other changes since. */
  readonly history: string
}

interface Listening {
  readonly client: Client
  readonly history: string
}

/** Object identifiers of types (pg_type.dat). Positions, times and counts are exact as numbers. */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = { 20: toNumber, 25: fromColumn }

const TYPES = {
  getTypeParser: ((type: number, format: 'text') =>
    PARSERS[type] ?? types.getTypeParser(type, format)) as typeof types.getTypeParser,
}

function toNumber(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new Error(`${text} is more than a number can hold`)
}

/**
 * The server ends what its client has left: a machine that lost power holds the lock of writers no longer than this. Statements are
 * bounded by the server and, should that not answer any more, here.
 */
const SESSION = '-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3'

/** @throws {StoreError} if a file of certificates cannot be read. */
export function configOf({ host, port, database, user, password, tls }: PostgresLogin): ClientConfig {
  return {
    ...{ host, port, database, user, types: TYPES, options: SESSION },
    password: password ?? (process.env.PGPASSWORD || (() => remembered({ host, port, database, user }))),
    ssl: tls !== undefined && tlsOptions(tls),
    enableChannelBinding: tls !== undefined,
    application_name: APPLICATION_NAME,
    keepAlive: true,
    connectionTimeoutMillis: STORE_CONNECT_MS_MAX,
    statement_timeout: STORE_STATEMENT_MS_MAX,
    query_timeout: STORE_STATEMENT_MS_MAX + STORE_CONNECT_MS_MAX,
    idle_in_transaction_session_timeout: STORE_IDLE_TRANSACTION_MS_MAX,
  }
}

/** As psql finds it. */
function remembered(address: Parameters<typeof pgpass>[0]): Promise<string> {
  // Where there is none pg says what it says of a server that asks for one.
  return new Promise((resolve) => pgpass(address, (password) => resolve(password as string)))
}

export const APPLICATION_NAME = 'keyhold'

type TlsOptions = Exclude<ClientConfig['ssl'], boolean | undefined>

/** pg copies them for each connection, so files that were renewed are used from then on. */
function tlsOptions({ rootCert, cert, key }: PostgresTls): TlsOptions {
  const options: TlsOptions = {}
  for (const [name, path, parameter] of [
    ['ca', rootCert, 'sslrootcert'],
    ['cert', cert, 'sslcert'],
    ['key', key, 'sslkey'],
  ] as const) {
    if (path === undefined) continue
    Object.defineProperty(options, name, { get: pemFile(path, parameter), enumerable: true, configurable: true })
  }
  return options
}

/** @throws {StoreError} if it cannot be read now. Later what it had serves on: pg would not catch an error of its reading. */
function pemFile(path: string, parameter: string): () => string {
  let pem: string
  try {
    pem = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new StoreError(`Cannot read the file of ${parameter}, ${path}: ${fileFault(cause).reason}.`, { cause })
  }
  return () => {
    try {
      pem = readFileSync(path, 'utf8')
    } catch {}
    return pem
  }
}

/** Connects when it must: nothing is asked of the server yet. @param channel what others notify. */
export function connectToPostgres(login: PostgresLogin, channel: string): PostgresConnections {
  const config = configOf(login)
  const bounds = { max: STORE_CONNECTIONS_MAX, idleTimeoutMillis: STORE_CONNECTION_IDLE_MS }
  const pool = new Pool({ ...config, ...bounds, onConnect: recognise })
  /** Server processes of ours: what they notify is no news. */
  const own = new Set<number>()
  const listeners: (() => void)[] = []
  /** Rises with each connection that is found to be lost: those from before may be to a server that is gone, too. */
  let generation = 0
  const generations = new WeakMap<PoolClient, number>()
  let listening: Promise<Listening> | undefined
  /** Of the database that the listener is connected to. */
  let history: string | undefined
  let closing: Promise<void> | undefined

  // A connection that breaks while nobody uses it: the next user notices.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    client.on('error', () => {})
    generations.set(client, generation)
    own.add(serverProcess(client))
  })
  pool.on('remove', (client) => own.delete(serverProcess(client)))

  async function listen(): Promise<Listening> {
    // Much sooner than any other: caches are only as true as this is quick.
    const client = new Client({ ...config, query_timeout: STORE_CONNECT_MS_MAX })
    client.on('error', () => {})
    client.on('notification', ({ processId }) => {
      if (!own.has(processId)) for (const listener of listeners) listener()
    })
    try {
      await client.connect()
      await client.query(`LISTEN ${channel}`)
      const heard = { client, history: await historyOf(client) }
      history = heard.history
      return heard
    } catch (error) {
      void client.end().catch(() => {})
      throw error
    }
  }

  /** New connections may lead to another primary while old ones are still kept by the former: nothing that changes would be heard of there. */
  async function recognise(client: ClientBase): Promise<void> {
    await refuseStandby(client)
    const found = await historyOf(client)
    if (history === undefined || found === history) return
    const former = listening
    listening = undefined
    history = undefined
    generation++
    await former?.then(
      (heard) => void heard.client.end().catch(() => {}),
      () => {},
    )
  }

  async function askListener(text: string): Promise<ListenerRows> {
    if (closing !== undefined) throw new Error('the store is closed')
    listening ??= listen()
    const current = listening
    let client: Client | undefined
    try {
      const heard = await current
      client = heard.client
      const { rows } = await inTurn(heard.client, () => heard.client.query(text))
      return { rows, history: heard.history }
    } catch (error) {
      if (listening === current) listening = undefined
      // There was one, so that it is lost; not where a server that has too many lets no more in.
      if (client !== undefined) generation++
      // Not awaited: a server that does not answer does not say goodbye either.
      void client?.end().catch(() => {})
      throw error
    }
  }

  async function connect(): Promise<PoolClient> {
    for (;;) {
      const client = await pool.connect()
      if (generations.get(client) === generation) return client
      client.release(true)
    }
  }

  async function once<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await connect()
    try {
      const result = await work(client)
      client.release()
      return result
    } catch (error) {
      const isLost = isConnectionLost(error)
      if (isLost) generation++
      client.release(isLost)
      throw error
    }
  }

  /** Only for what may be done twice. */
  async function twice<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      // Who has waited for an answer in vain has waited long enough.
      if (!isConnectionLost(error) || isTimeout(error) || closing !== undefined) throw error
      return work()
    }
  }

  return {
    query: (query) => twice(() => once((client) => runOn(client, query))),
    ask: async (text) => (await twice(() => once((client) => tell(client, text)))).at(-1)!,
    checkOut: (begin) =>
      twice(async () => {
        const client = await connect()
        try {
          await begin(client)
          return client
        } catch (error) {
          if (isConnectionLost(error)) generation++
          // In a transaction or not: nobody knows.
          client.release(true)
          throw error
        }
      }),
    askListener: (text) => twice(() => askListener(text)),
    onNotification(listener) {
      listeners.push(listener)
    },
    count: () => pool.totalCount,
    close() {
      closing ??= (async () => {
        const heard = await listening?.catch(() => undefined)
        await Promise.all([heard?.client.end().catch(() => {}), pool.end()])
      })()
      return closing
    },
  }
}

/** As pg keeps it; it is not among the published types. */
function serverProcess(client: PoolClient): number {
  return (client as unknown as { readonly processID: number }).processID
}

/** A standby that becomes the primary begins a timeline of its own (PostgreSQL, "Continuous Archiving", Timelines). */
const HISTORY = `
  SELECT system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS history FROM pg_control_system()`

/** The same for as long as the connection lasts. */
async function historyOf(client: ClientBase): Promise<string> {
  const question = { text: HISTORY, query_timeout: STORE_CONNECT_MS_MAX }
  try {
    return (await inTurn(client, () => client.query(question))).rows[0].history
  } catch (error) {
    if (isConnectionLost(error)) throw error
    // A service that is much like PostgreSQL, but does not let its customers see this.
    return ''
  }
}

/** Where a failover has led to the wrong one, it would be believed that nothing changes any more. LISTEN is refused there by itself. */
async function refuseStandby(client: ClientBase): Promise<void> {
  const question = { text: 'SELECT pg_is_in_recovery() AS is_standby', query_timeout: STORE_CONNECT_MS_MAX }
  const { rows } = await inTurn(client, () => client.query(question))
  if (rows[0].is_standby) {
    throw new StoreError('The PostgreSQL server is a standby, which cannot be written to. Name the primary.')
  }
}

const turns = new WeakMap<object, Turns>()

/** A connection does one thing at a time; who asks for more waits here, because pg will not always keep a queue. */
function inTurn<T>(client: ClientBase, ask: () => Promise<T>): Promise<T> {
  const own = turns.get(client) ?? createTurns()
  turns.set(client, own)
  return own.take(ask)
}

/** On a connection that is checked out. @returns the results of all statements. */
export async function tell(client: PoolClient, text: string): Promise<readonly Rows[]> {
  return [await inTurn(client, () => client.query(text))].flat()
}

/** On a connection that is checked out. */
export async function runOn(client: PoolClient, { sql, parameters }: CompiledQuery): Promise<QueryResult<unknown>> {
  const { rows, rowCount, command } = await inTurn(client, () => client.query(sql, parameters.map(toColumn)))
  if (command === 'SELECT') return { rows }
  return { rows, numAffectedRows: BigInt(rowCount ?? 0) }
}
