/** What is true of the store as a whole, whichever process asks: one of a server does. */
import { type Clock, DAY_MS, SECOND_MS } from '../base/clock.ts'
import {
  METRICS_COUNTING_PACE_MAX,
  METRICS_COUNTING_SHARE_MAX,
  METRICS_COUNTING_WAIT_MS_MAX,
  METRICS_KEYS_COUNTED_AT_ONCE_MAX,
  METRICS_KEYS_MAX,
} from '../base/limits.ts'
import type { DeletionAlarm } from '../domain/deletion-alarms.ts'
import type { CustomKeyStore } from '../domain/key-stores/custom-key-store.ts'
import { arnOf, KEY_STATES, type KeyName, type KeyState, keyState } from '../domain/keys/key.ts'
import type { Store } from '../domain/store.ts'
import type { Sample, Samples } from './samples.ts'

const CONNECTION_STATES = ['CONNECTED', 'CONNECTING', 'FAILED', 'DISCONNECTED', 'DISCONNECTING'] as const

/** @param keysAtOnce keys that are counted in one query. */
export function createStoreSamples(
  store: Store,
  clock: Clock,
  keysAtOnce: number = METRICS_KEYS_COUNTED_AT_ONCE_MAX,
): () => Promise<Samples> {
  const countKeys = seldom(() => keysByState(store, clock, keysAtOnce))

  return async () => {
    const now = clock.now()
    const [keys, expiries, nextRotationAt, doomed, alarms, stores, events, records] = await Promise.all([
      countKeys(),
      store.soonestExpiries(METRICS_KEYS_MAX),
      store.nextRotationAt(),
      store.soonestDeletions(METRICS_KEYS_MAX),
      store.newestDeletionAlarms(METRICS_KEYS_MAX),
      store.keyStoresIn(CONNECTION_STATES),
      store.eventsWaiting(),
      store.countPendingAuditRecords(),
    ])
    return {
      kms_keys: keys,
      kms_seconds_until_key_material_expiration: expiries.map(({ validTo, ...name }) => ({
        labels: [arnOf(name)],
        value: (validTo - now) / SECOND_MS,
      })),
      kms_rotation_lag_seconds: one(Math.max(0, now - (nextRotationAt ?? now)) / SECOND_MS),
      kms_use_of_key_pending_deletion_total: refusedCalls(doomed, alarms),
      kms_custom_key_store_connection_state: stores.map(({ storeId, type, connectionState }) => ({
        labels: [storeId, type, connectionState],
        value: 1,
      })),
      kms_xks_proxy_credential_age_days: stores.flatMap((keyStore) => credentialAge(keyStore, now)),
      keyhold_event_outbox_events: one(events.count),
      keyhold_event_outbox_oldest_age_seconds: one(Math.max(0, now - (events.oldestAt ?? now)) / SECOND_MS),
      keyhold_audit_outbox_records: one(records),
    }
  }
}

/** With those that nobody has asked for: a counter that is not there at 0 does not rise when it comes. */
function refusedCalls(doomed: readonly KeyName[], alarms: readonly DeletionAlarm[]): readonly Sample[] {
  const counts = new Map(doomed.map((key) => [arnOf(key), 0]))
  for (const alarm of alarms) counts.set(arnOf(alarm), alarm.count)
  return [...counts].map(([arn, value]) => ({ labels: [arn], value }))
}

function one(value: number): readonly Sample[] {
  return [{ labels: [], value }]
}

function credentialAge(keyStore: CustomKeyStore, now: number): readonly Sample[] {
  if (keyStore.type !== 'EXTERNAL_KEY_STORE') return []
  return [{ labels: [keyStore.storeId], value: (now - keyStore.credentialSetAt) / DAY_MS }]
}

/** All states that a key can be in, so that none vanishes when its last key leaves it. */
function samplesOf(counts: ReadonlyMap<KeyState, number>): readonly Sample[] {
  return [...counts].map(([state, value]) => ({ labels: [state], value }))
}

interface Counted {
  readonly samples: readonly Sample[]
  /** Without the pauses. */
  readonly workMs: number
}

/** Calls have a turn between the pieces, and most of the time. */
async function keysByState(store: Store, clock: Clock, keysAtOnce: number): Promise<Counted> {
  const counts = new Map<KeyState, number>(KEY_STATES.map((state) => [state, 0]))
  let workMs = 0
  let after: KeyName | undefined
  for (;;) {
    const now = clock.now()
    const startedAt = performance.now()
    const counted = await store.countKeysByState(after, keysAtOnce, now)
    for (const group of counted.groups) {
      const state = keyState(group, now)
      counts.set(state, counts.get(state)! + group.count)
    }
    const pieceMs = performance.now() - startedAt
    workMs += pieceMs
    after = counted.after
    if (after === undefined) return { samples: samplesOf(counts), workMs }
    await pause(pieceMs / METRICS_COUNTING_PACE_MAX - pieceMs)
  }
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined).unref())
}

/** Counts again when its share of the time stays small. @returns what was counted last, where a new count is not due or takes too long. */
function seldom(count: () => Promise<Counted>): () => Promise<readonly Sample[]> {
  let last: readonly Sample[] = []
  let underWay: Promise<readonly Sample[]> | undefined
  let againAt = 0

  async function countAnew(): Promise<readonly Sample[]> {
    try {
      const { samples, workMs } = await count()
      last = samples
      againAt = performance.now() + workMs / METRICS_COUNTING_SHARE_MAX
      return samples
    } finally {
      underWay = undefined
    }
  }

  return async () => {
    if (underWay === undefined && performance.now() < againAt) return last
    underWay ??= countAnew()
    return (await Promise.race([underWay, pause(METRICS_COUNTING_WAIT_MS_MAX)])) ?? last
  }
}
