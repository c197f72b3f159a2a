/** The store of `domain/store.ts` over any SQL database. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import { STORE_OUTCOME_RETRY_MS, STORE_OUTCOME_WAIT_MS_MAX } from '../base/limits.ts'
import type { Change, ChangeNotice, Store } from '../domain/store.ts'
import { saveAccessKeyUse } from './access-keys.ts'
import { deleteAuditRecords, pendingAuditRecords } from './audit-outbox.ts'
import { createChange, type Touched } from './change.ts'
import { deleteChanges, hasChange, insertNotices, newestPosition } from './changes.ts'
import { createChangesFollower } from './changes-follower.ts'
import { addRefusedCalls, deletionAlarmsToAnnounce, saveAnnouncement } from './deletion-alarms.ts'
import { type Db, type Durability, type StoreDatabase, UnknownOutcomeError } from './dialects/store-database.ts'
import { deleteEvent, eventsToSend } from './event-outbox.ts'
import { expiredMaterials } from './key-materials.ts'
import { keysToErase, keysToRotate } from './keys.ts'
import { saveUses } from './last-usage.ts'
import { takeLease } from './leases.ts'
import { createReader } from './reader.ts'
import { restingTokens } from './resting-tokens.ts'
import { deleteExpiredRevocations } from './revoked-sessions.ts'
import {
  countKeysByState,
  countPendingAuditRecords,
  eventsWaiting,
  nextRotationAt,
  soonestDeletions,
  soonestExpiries,
} from './store-figures.ts'

/**
 * Reads outside of a change see what is committed, also where they are made while a change is under way, and even by its
 * own code: only the readers of {@link Change} see what it has done so far.
 *
 * @param node differs for every process that has the store open: a node is not told of its own changes twice.
 */
export function createSqlStore(database: StoreDatabase, node: string, clock: Clock): Store {
  const { committed } = database
  /** By which this node's changes are known to be its own. */
  let name = node
  let renamed = 0
  const follower = createChangesFollower(database, () => name)
  const listeners: ((notices: readonly ChangeNotice[]) => void)[] = []
  const transactionUnderWay = new AsyncLocalStorage<{ isOpen: boolean }>()

  /** Transactions wait for each other, so one inside another would wait for ever: better an error. */
  async function transact<T>(durability: Durability, work: (db: Db) => Promise<T>): Promise<T> {
    if (transactionUnderWay.getStore()?.isOpen) throw new Error('a change cannot be made inside a change')
    return database.transaction(durability, async (db) => {
      const own = { isOpen: true }
      try {
        return await transactionUnderWay.run(own, work, db)
      } finally {
        own.isOpen = false
      }
    })
  }

  /** One change, and what is known of it even where nobody heard that it was committed. */
  async function makeChange<T>(work: (change: Change) => Promise<T>) {
    const { promise, resolve } = Promise.withResolvers<{ result: T; touched: Touched; position: number | undefined }>()
    try {
      await transact('durable', async (db) => {
        const { change, touched } = createChange(db)
        const result = await work(change)
        resolve({ result, touched, position: await insertNotices(db, touched.notices(), name, clock.now()) })
      })
      tell((await promise).touched)
    } catch (error) {
      if (!(error instanceof UnknownOutcomeError)) throw error
      // At once, before the next change is noted: should this one show later, it is as if another node had made it.
      const formerName = name
      name = `${node}/${++renamed}`
      const { position, touched } = await promise
      // It may be in force already, and have been passed over under the former name.
      tell(touched)
      if (position === undefined || !(await isCommitted(position, formerName))) throw error
    }
    return promise
  }

  /** This node's own caches, and those of its siblings. */
  function tell(touched: Touched): void {
    const notices = touched.notices()
    if (notices.length > 0) for (const listener of listeners) listener(notices)
  }

  /** Waits a little for a database that is out of reach. */
  async function isCommitted(position: number, formerName: string): Promise<boolean> {
    const deadline = performance.now() + STORE_OUTCOME_WAIT_MS_MAX
    for (;;) {
      try {
        // As a writer: one begins only when the other has ended, in whichever way, and what it read is as durable as its own end.
        return await transact('durable', (db) => hasChange(db, position, formerName))
      } catch {
        if (performance.now() >= deadline) return false
      }
      await sleep(STORE_OUTCOME_RETRY_MS)
    }
  }

  return {
    ...createReader(committed),

    async change(work) {
      const { result, touched, position } = await makeChange(work)
      follower.passOwn(position)
      if (touched.erased) await database.scrub()
      return result
    },
    onCommit(listener) {
      listeners.push(listener)
    },

    onForeignChange(listener) {
      database.onForeignCommit?.(listener)
    },
    changesPosition: () => newestPosition(committed),
    changesAfter: (position) => follower.changesAfter(position),

    pendingAuditRecords: () => pendingAuditRecords(committed),
    async auditRecordsWritten(eventIds) {
      if (eventIds.length > 0) await transact('relaxed', (db) => deleteAuditRecords(db, eventIds))
    },

    keysToErase: (now, limit) => keysToErase(committed, now, limit),
    keysToRotate: (now, limit) => keysToRotate(committed, now, limit),
    expiredMaterials: (now, limit) => expiredMaterials(committed, now, limit),
    async saveUses(uses) {
      if (uses.length === 0) return
      await transact('relaxed', (db) => saveUses(db, uses))
    },
    async saveAccessKeyUses(uses) {
      if (uses.length === 0) return
      await transact('relaxed', async (db) => {
        for (const use of uses) await saveAccessKeyUse(db, use)
      })
    },
    async addRefusedCalls(calls) {
      if (calls.length === 0) return
      await transact('relaxed', (db) => addRefusedCalls(db, calls))
    },
    deletionAlarmsToAnnounce: (before, limit) => deletionAlarmsToAnnounce(committed, before, limit),
    deletionAlarmAnnounced: (key, calls, time) => transact('relaxed', (db) => saveAnnouncement(db, key, calls, time)),
    restingTokens: (kind, after, limit) => restingTokens(committed, kind, after, limit),
    eventsToSend: (limit) => eventsToSend(committed, limit),
    eventSent: (position) => transact('relaxed', (db) => deleteEvent(db, position)),
    acquireLease: (name, holder, now, until) => transact('relaxed', (db) => takeLease(db, name, holder, now, until)),
    pruneRevokedSessions: (now) => transact('relaxed', (db) => deleteExpiredRevocations(db, now)),
    async pruneChanges(before) {
      // In several transactions: the first changes after a bulk import must not hold up everybody else.
      while (await transact('relaxed', (db) => deleteChanges(db, before)));
    },

    countKeysByState: (after, limit, now) => countKeysByState(committed, after, limit, now),
    soonestExpiries: (limit) => soonestExpiries(committed, limit),
    soonestDeletions: (limit) => soonestDeletions(committed, limit),
    nextRotationAt: () => nextRotationAt(committed),
    eventsWaiting: () => eventsWaiting(committed),
    countPendingAuditRecords: () => countPendingAuditRecords(committed),

    close: () => database.close(),
  }
}
