/** The first start of several machines at once: one makes root key, account and administrator, the others wait for it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Store } from '../domain/store.ts'

const LEASE = 'first start'
/** Of a machine that went away meanwhile. */
const LEASE_MS = 60_000
const RETRY_INTERVAL_MS = 200

/** @param work may find that another machine was quicker. */
export async function asTheOnlyOne<T>(store: Store, node: string, log: Log, work: () => Promise<T>): Promise<T> {
  const lease = (lengthMs: number) => {
    const now = systemClock.now()
    return store.acquireLease(LEASE, node, now, now + lengthMs)
  }
  for (let isTold = false; !(await lease(LEASE_MS)); await sleep(RETRY_INTERVAL_MS)) {
    if (!isTold) log.info({}, 'another machine makes the first start; waiting for it')
    isTold = true
  }
  try {
    return await work()
  } finally {
    await lease(0)
  }
}
