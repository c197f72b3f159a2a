/** Kysely over one function that runs queries, whatever the database; transactions are not its business. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
} from 'kysely'
import type { MaybePromise } from '../../domain/store.ts'
import type { Tables } from '../schema.ts'
import type { Db } from './store-database.ts'

/** How a database's queries are spelled. */
export type Spelling = Omit<Dialect, 'createDriver'>

export type Execute = (query: CompiledQuery) => MaybePromise<QueryResult<unknown>>

/** A query builder whose queries all run through `execute`. */
export function queryBuilder(execute: Execute, spelling: Spelling): Db {
  const connection: DatabaseConnection = {
    executeQuery: async <R>(query: CompiledQuery) => (await execute(query)) as QueryResult<R>,
    streamQuery: () => {
      throw new Error('the store reads in pages, it does not stream')
    },
  }
  const driver = driverOf(connection)
  return new Kysely<Tables>({ dialect: { ...spelling, createDriver: () => driver } })
}

function driverOf(connection: DatabaseConnection): Driver {
  const refuse = async () => {
    throw new Error('transactions are begun by StoreDatabase.transaction')
  }
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    releaseConnection: async () => {},
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    destroy: async () => {},
  }
}
