/** Tells the operator of failures below, and not of each when there are thousands a second. */
import type { Clock } from '../../../base/clock.ts'
import { XKS_FAILURE_LOG_INTERVAL_MS } from '../../../base/limits.ts'
import type { Log } from '../../../base/log.ts'
import type { ExternalKeyStore } from '../custom-key-store.ts'
import type { ProxyError } from './proxy-failure.ts'

export interface FailedCall {
  /** As AWS names it: `Decrypt`. */
  readonly operation: string
  readonly requestId: string
}

export type LogFailure = (store: ExternalKeyStore, call: FailedCall, error: ProxyError) => void

interface Told {
  at: number
  /** Since then. */
  untold: number
}

/** Stores and failures that are told apart; beyond, the oldest is told anew. */
const TOLD_MAX = 1_000

export function createFailureLog(log: Log, clock: Clock): LogFailure {
  const told = new Map<string, Told>()
  return ({ storeId }, { operation, requestId }, { failure, detail }) => {
    const name = `${storeId} ${failure}`
    const before = told.get(name)
    const now = clock.now()
    if (before !== undefined && Math.abs(now - before.at) < XKS_FAILURE_LOG_INTERVAL_MS) {
      before.untold++
      return
    }
    told.delete(name)
    if (told.size >= TOLD_MAX) told.delete(told.keys().next().value!)
    told.set(name, { at: now, untold: 0 })
    const fields = { store: storeId, operation, requestId, failure, detail, untoldBefore: before?.untold ?? 0 }
    log.warn(fields, 'a call of the proxy of an external key store failed')
  }
}
