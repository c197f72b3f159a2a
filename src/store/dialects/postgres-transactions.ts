/**
 * Write transactions, one at a time: in this process by a queue, among all nodes by an advisory lock of the database, which is taken
 * before the first statement and freed by the server after the commit can be seen. So positions in `changes` rise in the order of
 * commits. SERIALIZABLE would promise no such order, and would run `work` again after a conflict, which it is not made for; with the
 * lock READ COMMITTED is enough, because nothing else writes. PostgreSQL gives the lock to those who wait in the order in which they came.
 */
import { PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { PoolClient, QueryResult } from 'pg'
import { STORE_WRITE_LOCK_WAIT_MS_MAX } from '../../base/limits.ts'
import { type PostgresConnections, runOn, tell } from './postgres-connections.ts'
import { isConnectionLost, isLockTimeout } from './postgres-errors.ts'
import { type Execute, queryBuilder, type Spelling } from './query-builder.ts'
import { type Db, type Durability, UnknownOutcomeError } from './store-database.ts'
import { createTurns } from './turns.ts'

/** "Khld". Of the database, as advisory locks are. */
const WRITERS_LOCK = 0x4b686c64

export const CHANGES_CHANNEL = 'keyhold_changes'

const SPELLING: Spelling = {
  createAdapter: () => new PostgresAdapter(),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (db) => new PostgresIntrospector(db),
}

export function postgresQueryBuilder(execute: Execute): Db {
  return queryBuilder(execute, SPELLING)
}

/** A server whose own setting is more than `on`, because it waits for what its standbys have done, keeps it. */
const SYNCHRONOUS_COMMIT: Readonly<Record<Durability, string>> = {
  durable: `SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`,
  relaxed: 'SET LOCAL synchronous_commit = off',
}

/** What changes caches is durable: only that is told to other nodes. */
const COMMIT: Readonly<Record<Durability, string>> = {
  durable: `NOTIFY ${CHANGES_CHANNEL}; COMMIT`,
  relaxed: 'COMMIT',
}

export interface Transactions {
  run<T>(durability: Durability, work: (db: Db) => Promise<T>): Promise<T>
  /** Resolves after the last transaction; from now on there are no new ones. */
  end(): Promise<void>
}

export function createTransactions(connections: PostgresConnections): Transactions {
  const turns = createTurns()
  /** On the lock, in vain: whoever was in the queue then has waited as well. */
  let gaveUpAt = Number.NEGATIVE_INFINITY

  async function begin(client: PoolClient, durability: Durability, askedAt: number): Promise<void> {
    const waitMs = askedAt <= gaveUpAt ? 1 : STORE_WRITE_LOCK_WAIT_MS_MAX
    try {
      await tell(
        client,
        `
        BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
        ${SYNCHRONOUS_COMMIT[durability]};
        SET LOCAL lock_timeout = ${waitMs};
        SELECT pg_advisory_xact_lock(${WRITERS_LOCK})`,
      )
    } catch (error) {
      if (isLockTimeout(error)) gaveUpAt = performance.now()
      throw error
    }
  }

  async function transact<T>(durability: Durability, askedAt: number, work: (db: Db) => Promise<T>): Promise<T> {
    const client = await connections.checkOut((client) => begin(client, durability, askedAt))
    let isOpen = true
    let isLost = false
    const db = postgresQueryBuilder(async (query) => {
      // A query that nobody waited for must not slip into the next transaction.
      if (!isOpen) throw new Error('this transaction has ended')
      try {
        return await runOn(client, query)
      } catch (error) {
        isLost ||= isConnectionLost(error)
        throw error
      }
    })
    let result: T
    try {
      result = await work(db)
      isOpen = false
    } catch (error) {
      isOpen = false
      await rollback(client, isLost)
      throw error
    }
    await commit(client, durability)
    return result
  }

  return {
    run(durability, work) {
      const askedAt = performance.now()
      return turns.take(() => transact(durability, askedAt, work))
    },
    end: turns.end,
  }
}

/** The server rolls back by itself what a lost connection began. */
async function rollback(client: PoolClient, isLost: boolean): Promise<void> {
  try {
    if (!isLost) await tell(client, 'ROLLBACK')
    client.release(isLost)
  } catch {
    client.release(true)
  }
}

async function commit(client: PoolClient, durability: Durability): Promise<void> {
  let results: readonly QueryResult[]
  try {
    results = await tell(client, COMMIT[durability])
  } catch (cause) {
    const isLost = isConnectionLost(cause)
    await rollback(client, isLost)
    if (!isLost) throw cause
    throw new UnknownOutcomeError('the connection was lost before the server said whether it committed', { cause })
  }
  client.release()
  // After an error that `work` did not let through, the server answers a plain COMMIT by rolling back.
  const { command } = results.at(-1)!
  if (command !== 'COMMIT') throw new Error(`the transaction ended with ${command}`)
}
