/** One connection of `node:sqlite` as Kysely wants it. Statements are prepared once and kept. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { type CompiledQuery, type QueryResult, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { queryBuilder, type Spelling } from './query-builder.ts'
import type { Db } from './store-database.ts'

/** Far above the number of different queries in `src/store`: the bound only guards against SQL that is made up as it goes. */
const STATEMENTS_MAX = 500

interface Prepared {
  readonly statement: StatementSync
  readonly returnsRows: boolean
}

export type Execute = (query: CompiledQuery) => QueryResult<unknown>

/** Runs compiled queries on `database`. Synchronous: no other statement of this connection comes in between. */
export function createExecute(database: DatabaseSync): Execute {
  const prepared = new Map<string, Prepared>()

  function prepare(sql: string): Prepared {
    if (prepared.size >= STATEMENTS_MAX) prepared.clear()
    const statement = database.prepare(sql)
    const made = { statement, returnsRows: statement.columns().length > 0 }
    prepared.set(sql, made)
    return made
  }

  return function execute({ sql, parameters }) {
    const { statement, returnsRows } = prepared.get(sql) ?? prepare(sql)
    const values = parameters as readonly SQLInputValue[]
    if (returnsRows) return { rows: statement.all(...values) }
    return { rows: [], numAffectedRows: BigInt(statement.run(...values).changes) }
  }
}

class SharedConnectionAdapter extends SqliteAdapter {
  /** Statements run synchronously, so callers need not take turns for the connection. */
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

const SPELLING: Spelling = {
  createAdapter: () => new SharedConnectionAdapter(),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  createIntrospector: (db) => new SqliteIntrospector(db),
}

export function sqliteQueryBuilder(execute: Execute): Db {
  return queryBuilder(execute, SPELLING)
}
