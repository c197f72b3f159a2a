/** What differs between databases, by name. Everything else in the store is written once, over this. */
import type { ColumnDefinitionBuilder, Kysely, RawBuilder } from 'kysely'
import type { MaybePromise } from '../../domain/store.ts'
import type { Tables } from '../schema.ts'

export type Db = Kysely<Tables>

/**
 * `durable`: on stable storage when the transaction resolves. `relaxed`: all or nothing, but a power failure may take the
 * last ones back; for what can be done again (leases, pruning, records that have reached the audit log).
 */
export type Durability = 'durable' | 'relaxed'

/** How migrations spell what each database calls differently. */
export interface ColumnTypes {
  readonly text: 'text' | RawBuilder<unknown>
  /** 64 bits. */
  readonly integer: 'integer' | 'bigint'
  readonly bytes: 'blob' | 'bytea'
  /** Follows the columns of every table. */
  readonly tableOptions: string
  /** A primary key that the database counts upwards, never handing out a number twice. */
  counted(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder
}

/** What was asked for may have been committed or not: the connection was lost at that very moment. */
export class UnknownOutcomeError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'UnknownOutcomeError'
  }
}

export interface ForeignCommits {
  /** Changes when another process has committed something. */
  readonly commits: number
  /** Changes when the database may have lost what was committed before: a standby took the place of the primary. */
  readonly history: string
}

export interface StoreDatabase {
  readonly columnTypes: ColumnTypes
  /** Reads what is committed: never a change that is under way, not even for the code that makes it. */
  readonly committed: Db
  /**
   * Runs `work` as the only writer of the whole store, on every node, so that positions in `changes` rise in the order of
   * commits. `work` uses the `db` that it is given, which is dead once `work` has ended. If it throws, nothing happened.
   * @throws {UnknownOutcomeError} where the database is across a network.
   */
  transaction<T>(durability: Durability, work: (db: Db) => Promise<T>): Promise<T>
  /** Nearly free. */
  foreignCommits(): MaybePromise<ForeignCommits>
  /** Calls `listener` soon after another process has committed something, where the database can tell. It may be lost. */
  onForeignCommit?(listener: () => void): void
  /** Makes sure that erased rows do not stay behind in journals. Never fails: what it could not do is done later. */
  scrub(): MaybePromise<void>
  /** Waits for the transactions that were asked for; refuses new ones. */
  close(): Promise<void>
}
