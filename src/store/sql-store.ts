/** The store of `domain/store.ts` over any SQL database. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../base/clock.ts'
import type { ChangeNotice, Store } from '../domain/store.ts'
import { saveAccessKeyUse } from './access-keys.ts'
import { deleteAuditRecords, pendingAuditRecords } from './audit-outbox.ts'
import { createChange } from './change.ts'
import { deleteChanges, insertNotices, newestPosition } from './changes.ts'
import { createChangesFollower } from './changes-follower.ts'
import { addRefusedCalls, deletionAlarmsToAnnounce, saveAnnouncement } from './deletion-alarms.ts'
import type { Db, Durability, StoreDatabase } from './dialects/store-database.ts'
import { deleteEvent, eventsToSend } from './event-outbox.ts'
import { expiredMaterials } from './key-materials.ts'
import { keysToErase, keysToRotate } from './keys.ts'
import { saveUses } from './last-usage.ts'
import { takeLease } from './leases.ts'
import { createReader } from './reader.ts'
import { restingTokens } from './resting-tokens.ts'
import { deleteExpiredRevocations } from './revoked-sessions.ts'

/**
 * Reads outside of a change see what is committed, also where they are made while a change is under way, and even by its
 * own code: only the readers of {@link Change} see what it has done so far.
 *
 * @param node differs for every process that has the store open: a node is not told of its own changes twice.
 */
export function createSqlStore(database: StoreDatabase, node: string, clock: Clock): Store {
  const { committed } = database
  const follower = createChangesFollower(database, node)
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

  return {
    ...createReader(committed),

    async change(work) {
      const { result, touched, position } = await transact('durable', async (db) => {
        const { change, touched } = createChange(db)
        const result = await work(change)
        const position = await insertNotices(db, touched.notices(), node, clock.now())
        return { result, touched, position }
      })
      follower.passOwn(position)
      const notices = touched.notices()
      if (notices.length > 0) for (const listener of listeners) listener(notices)
      if (touched.erased) await database.scrub()
      return result
    },
    onCommit(listener) {
      listeners.push(listener)
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

    close: () => database.close(),
  }
}
