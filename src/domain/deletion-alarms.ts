/**
 * Somebody still asks for a key that is pending deletion (lifecycle.md DEL-30). Refused calls are noted in memory, where they cost
 * one write to a map, and added up in the store within a second; a job raises the alarm.
 */
import { REFUSED_CALLS_HELD_MAX, REFUSED_CALLS_SAVE_INTERVAL_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { Key, KeyName } from './keys/key.ts'
import { createNotedUses } from './noted-uses.ts'

/** A call that was refused because its key is pending deletion. */
export interface RefusedCall {
  /** As AWS names it. */
  readonly operation: string
  /** Milliseconds since the epoch. */
  readonly time: number
  /** Of its audit record. */
  readonly eventId: string
  readonly requestId: string
  /** ARN of the caller, or the name of a service. */
  readonly principal: string
  readonly sourceIp: string
}

/** What refused calls of one key come to. */
export interface RefusedCalls extends KeyName {
  readonly count: number
  /** Milliseconds since the epoch. */
  readonly firstAt: number
  readonly last: RefusedCall
}

/** Of a key that is pending deletion: its refused calls since that was scheduled. */
export interface DeletionAlarm extends RefusedCalls {
  /** How many of them an alarm has told of. */
  readonly announced: number
  /** Milliseconds since the epoch; `undefined`: never. */
  readonly announcedAt: number | undefined
}

export interface DeletionAlarmStore {
  /** Adds to what is known; those of keys that are not pending deletion any more are dropped. No notices: it is not cached. */
  addRefusedCalls(calls: readonly RefusedCalls[]): Promise<void>
}

export interface DeletionAlarms {
  /** Never fails, never waits. */
  note(key: Key, call: RefusedCall): void
  /** Saves what was noted. Never fails: what could not be saved is kept. */
  save(): Promise<void>
  /** Saves for the last time. */
  stop(): Promise<void>
}

export function createDeletionAlarms(store: DeletionAlarmStore, log: Log): DeletionAlarms {
  /** By ARN. */
  const calls = createNotedUses<RefusedCalls>({
    saveAll: (noted) => store.addRefusedCalls(noted),
    add: addUp,
    intervalMs: REFUSED_CALLS_SAVE_INTERVAL_MS,
    heldMax: REFUSED_CALLS_HELD_MAX,
    log,
    what: 'which keys pending deletion were asked for',
  })
  return {
    note({ arn, account, region, keyId }, call) {
      calls.note(arn, { account, region, keyId, count: 1, firstAt: call.time, last: call })
    },
    save: calls.save,
    stop: calls.stop,
  }
}

/** Nodes save in any order. */
export function addUp(known: RefusedCalls, more: RefusedCalls): RefusedCalls {
  return {
    ...known,
    count: known.count + more.count,
    firstAt: Math.min(known.firstAt, more.firstAt),
    last: more.last.time >= known.last.time ? more.last : known.last,
  }
}
