/** PostgreSQL: one database for any number of machines. */
import { sql } from 'kysely'
import { StoreError } from '../store-error.ts'
import { APPLICATION_NAME, connectToPostgres, type PostgresConnections, runOn, tell } from './postgres-connections.ts'
import { nameOf, openError } from './postgres-errors.ts'
import type { PostgresLogin } from './postgres-login.ts'
import { CHANGES_CHANNEL, createTransactions, postgresQueryBuilder } from './postgres-transactions.ts'
import type { ColumnTypes, Db, StoreDatabase } from './store-database.ts'

const COLUMN_TYPES: ColumnTypes = {
  // Pages are in the order of bytes, wherever the database is from.
  text: sql`text COLLATE "C"`,
  integer: 'bigint',
  bytes: 'bytea',
  tableOptions: '',
  // "By default", not "always": a store that is moved here brings its numbers along.
  counted: (column) => column.primaryKey().generatedByDefaultAsIdentity(),
}

/** Newer than what has been noticed even where it has been pruned since. */
const NEWEST_POSITION = `
  SELECT greatest((SELECT position FROM changes ORDER BY position DESC LIMIT 1), (SELECT position FROM changes_pruned))
    AS position`

const CONNECTED = `
  SELECT count(*) AS connected FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = '${APPLICATION_NAME}'`

/** The oldest that its makers still mend. */
const VERSION_MIN = 14

export interface PostgresDatabase extends StoreDatabase {
  /** Differs each time that a database is opened. */
  readonly session: string
  /** Connections of other processes of Keyhold, as far as this user may see them. */
  othersConnected(): Promise<number>
}

/** @throws {StoreError} if there is no server, or none that a store may be on. */
export async function openPostgres(login: PostgresLogin): Promise<PostgresDatabase> {
  const connections = connectToPostgres(login, CHANGES_CHANNEL)
  try {
    const { session } = await recognise(connections, login)
    return createDatabase(connections, session)
  } catch (error) {
    await connections.close()
    throw openError(login, error)
  }
}

export interface PostgresSnapshot {
  /** Sees the database as it was when it was opened. */
  readonly db: Db
  close(): Promise<void>
}

/** For reading beside servers that may be running; changes nothing. @throws {StoreError} if the database is not ours. */
export async function openPostgresSnapshot(login: PostgresLogin): Promise<PostgresSnapshot> {
  const connections = connectToPostgres(login, CHANGES_CHANNEL)
  try {
    const { tables } = await recognise(connections, login)
    if (tables.length === 0) throw new StoreError(`The database ${nameOf(login)} is empty.`)
    const client = await connections.checkOut(async (client) => {
      await tell(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    })
    return {
      db: postgresQueryBuilder((query) => runOn(client, query)),
      async close() {
        client.release(true)
        await connections.close()
      },
    }
  } catch (error) {
    await connections.close()
    throw openError(login, error)
  }
}

function createDatabase(connections: PostgresConnections, session: string): PostgresDatabase {
  const transactions = createTransactions(connections)
  let closing: Promise<void> | undefined
  return {
    session,
    columnTypes: COLUMN_TYPES,
    committed: postgresQueryBuilder(connections.query),
    transaction: transactions.run,
    async foreignCommits() {
      const { rows, history } = await connections.askListener(NEWEST_POSITION)
      return { commits: Number(rows[0].position), history }
    },
    onForeignCommit: connections.onNotification,
    // Dead rows are overwritten after autovacuum, and its logs are the server's: docs/several-machines.md.
    scrub: () => {},
    othersConnected: async () => {
      const { rows } = await connections.ask(CONNECTED)
      return Number(rows[0].connected) - connections.count()
    },
    close() {
      closing ??= transactions.end().then(connections.close)
      return closing
    },
  }
}

interface Server {
  readonly version: string
  readonly version_number: number
  readonly encoding: string
  readonly fsync: string
  readonly schema: string | null
  readonly may_create: boolean | null
  readonly tables: readonly string[]
  readonly session: string
}

const ABOUT_SERVER = `
  SELECT current_setting('server_version') AS version,
         current_setting('server_version_num')::int AS version_number,
         current_setting('server_encoding') AS encoding,
         current_setting('fsync') AS fsync,
         current_schema()::text AS schema,
         has_schema_privilege(current_schema(), 'CREATE') AS may_create,
         ARRAY(SELECT relname::text FROM pg_class
               WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
                 AND relkind IN ('r', 'p', 'v', 'm', 'f')) AS tables,
         gen_random_uuid()::text AS session`

/** Some of ours that no other program has together. */
const OUR_TABLES = ['migrations', 'changes_pruned', 'domain_keys', 'audit_outbox']

/** Writes nothing. @throws {StoreError} if no store may be on it. */
async function recognise(connections: PostgresConnections, login: PostgresLogin): Promise<Server> {
  const server = (await connections.ask(ABOUT_SERVER)).rows[0] as Server
  const fault = faultOf(server, login)
  if (fault !== undefined) throw new StoreError(fault)
  return server
}

/** @returns what is wrong with it, and what to do. */
export function faultOf(
  server: Server,
  { database, user }: Pick<PostgresLogin, 'database' | 'user'>,
): string | undefined {
  const { version, version_number, encoding, fsync, schema, may_create, tables } = server
  if (version_number < VERSION_MIN * 10_000) {
    return `The PostgreSQL server is of version ${version}; Keyhold needs ${VERSION_MIN} or newer. Upgrade it.`
  }
  if (encoding !== 'UTF8') {
    return `The database ${database} has the encoding ${encoding}. Make one with: CREATE DATABASE ${database} ENCODING 'UTF8'`
  }
  if (fsync !== 'on') {
    return 'The PostgreSQL server runs with fsync = off, so a power failure would lose keys. Turn it on.'
  }
  if (schema === null) return `The database ${database} has no schema that ${user} may use. Give it one: CREATE SCHEMA.`
  if (OUR_TABLES.every((table) => tables.includes(table))) return undefined
  if (tables.length > 0) {
    return `The schema ${schema} of the database ${database} has tables of another program. Give Keyhold a database of its own.`
  }
  if (may_create !== true) {
    return `${user} may not make tables in the schema ${schema}. Make ${user} the owner of the database ${database}.`
  }
  return undefined
}
