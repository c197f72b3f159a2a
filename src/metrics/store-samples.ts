/** What is true of the store as a whole, whichever process asks: one of a server does. */
import { type Clock, DAY_MS, SECOND_MS } from '../base/clock.ts'
import { METRICS_COUNTING_SHARE_MAX, METRICS_KEYS_COUNTED_AT_ONCE_MAX, METRICS_KEYS_MAX } from '../base/limits.ts'
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

/** Calls have a turn between the pieces. All states that a key can be in, so that none vanishes when its last key leaves it. */
async function keysByState(store: Store, clock: Clock, keysAtOnce: number): Promise<readonly Sample[]> {
  const counts = new Map<KeyState, number>(KEY_STATES.map((state) => [state, 0]))
  let after: KeyName | undefined
  do {
    const now = clock.now()
    const counted = await store.countKeysByState(after, keysAtOnce, now)
    for (const group of counted.groups) {
      const state = keyState(group, now)
      counts.set(state, counts.get(state)! + group.count)
    }
    after = counted.after
    if (after !== undefined) await new Promise((resolve) => setImmediate(resolve))
  } while (after !== undefined)
  return [...counts].map(([state, value]) => ({ labels: [state], value }))
}

/** Does it again only when its share of the time stays small; while it is under way the last result counts. */
function seldom<T>(work: () => Promise<T>): () => Promise<T> {
  let last: Promise<T> | undefined
  let isUnderWay = false
  let againAt = 0

  async function begin(): Promise<T> {
    const startedAt = performance.now()
    isUnderWay = true
    try {
      const result = await work()
      last = Promise.resolve(result)
      return result
    } finally {
      isUnderWay = false
      const endedAt = performance.now()
      againAt = endedAt + (endedAt - startedAt) / METRICS_COUNTING_SHARE_MAX
    }
  }

  return () => {
    if (last !== undefined && (isUnderWay || performance.now() < againAt)) return last
    return begin()
  }
}
