/**
 * Write transactions, one at a time: in this process by a queue, among processes by SQLite's write lock, which is asked
 * for without blocking the event loop.
 */
import { setTimeout as sleep, setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { STORE_WRITE_LOCK_WAIT_MS_MAX, STORE_WRITE_TURN_MS_MAX } from '../../base/limits.ts'
import { createExecute, sqliteQueryBuilder } from './sqlite-connection.ts'
import type { SqliteConnections } from './sqlite-connections.ts'
import { isBusy } from './sqlite-errors.ts'
import type { Db, Durability } from './store-database.ts'
import { createTurns } from './turns.ts'

/** How often a waiting process asks for the lock, and the longer pause in which it can get it. */
const LOCK_POLL_MS = 2
const PAUSE_MS = 5

const SYNCHRONOUS: Readonly<Record<Durability, string>> = { durable: 'FULL', relaxed: 'NORMAL' }

export interface Transactions {
  run<T>(durability: Durability, work: (db: Db) => Promise<T>): Promise<T>
  /** Calls `act` while no transaction of this process is open. */
  between(act: () => void): Promise<void>
  /** Resolves after the last transaction; from now on there are no new ones. */
  end(): Promise<void>
}

export function createTransactions(connections: SqliteConnections): Transactions {
  const { writer } = connections
  const execute = createExecute(writer)
  const turns = createTurns()
  let synchronous: Durability | undefined
  let turnBeganAt = Number.NEGATIVE_INFINITY
  let releasedAt = Number.NEGATIVE_INFINITY
  /** On the lock, in vain: whoever was in the queue then has waited as well. */
  let gaveUpAt = Number.NEGATIVE_INFINITY

  /**
   * SQLite's lock knows no queue: a process that takes it again as soon as it has released it starves the others, and a
   * process whose every step is synchronous starves its own sockets.
   */
  async function giveWay(): Promise<void> {
    const now = performance.now()
    if (now - releasedAt >= PAUSE_MS) turnBeganAt = now
    else if (!connections.shared || now - turnBeganAt < STORE_WRITE_TURN_MS_MAX) await turnOfTheLoop()
    else {
      await sleep(PAUSE_MS)
      turnBeganAt = performance.now()
    }
  }

  async function begin(durability: Durability, askedAt: number): Promise<void> {
    await giveWay()
    if (synchronous !== durability) writer.exec(`PRAGMA synchronous = ${SYNCHRONOUS[durability]}`)
    synchronous = durability
    const deadline = askedAt <= gaveUpAt ? gaveUpAt : performance.now() + STORE_WRITE_LOCK_WAIT_MS_MAX
    for (;;) {
      try {
        return connections.begin()
      } catch (error) {
        if (!isBusy(error)) throw error
        const now = performance.now()
        if (now >= deadline) {
          gaveUpAt = now
          throw error
        }
      }
      await sleep(LOCK_POLL_MS)
    }
  }

  async function transact<T>(durability: Durability, askedAt: number, work: (db: Db) => Promise<T>): Promise<T> {
    await begin(durability, askedAt)
    let isOpen = true
    const db = sqliteQueryBuilder((query) => {
      // A query that nobody waited for must not slip into the next transaction.
      // Neither must one after an error that rolled back by itself: it would be a transaction of its own.
      if (!isOpen || !writer.isTransaction) throw new Error('this transaction has ended')
      return execute(query)
    })
    try {
      const result = await work(db)
      isOpen = false
      connections.commit()
      return result
    } catch (error) {
      isOpen = false
      connections.rollback()
      throw error
    } finally {
      releasedAt = performance.now()
    }
  }

  return {
    run(durability, work) {
      const askedAt = performance.now()
      return turns.take(() => transact(durability, askedAt, work))
    },
    between: turns.take,
    end: turns.end,
  }
}
