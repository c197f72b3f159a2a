/** Erases keys whose waiting period is over (lifecycle.md TR-14, DEL-8), each with its audit event in one transaction. */
import { serviceEventLine } from '../audit/audit-record.ts'
import type { Clock } from '../base/clock.ts'
import type { AuditOutbox } from '../domain/audit-outbox.ts'
import { isDeleted, type Key } from '../domain/keys/key.ts'
import type { RandomSource } from '../domain/services.ts'
import type { Store } from '../domain/store.ts'
import type { Job } from './job-runner.ts'

const KEYS_PER_ROUND = 100

export interface EraserServices {
  readonly store: Store
  readonly clock: Clock
  readonly random: RandomSource
  readonly node: string
  readonly outbox: AuditOutbox
}

export function eraseDeletedKeys(services: EraserServices): Job {
  const { store, clock } = services

  async function erase(key: Key): Promise<void> {
    const eventId = services.random.uuid()
    const line = serviceEventLine({
      eventId,
      time: clock.now(),
      eventName: 'DeleteKey',
      region: key.region,
      account: key.account,
      keyArn: key.arn,
      response: { keyId: key.arn },
    })
    const erased = await store.change(async (change) => {
      // Read again: the deletion may have been cancelled meanwhile by a node with another idea of the time.
      const present = await change.findKey(key)
      if (present === undefined || !isDeleted(present, clock.now())) return false
      await change.eraseKey(key)
      await change.recordAudit({ eventId, node: services.node, line })
      return true
    })
    if (!erased) return
    await services.outbox.log(eventId, line)
  }

  return {
    name: 'erase deleted keys',
    async run() {
      for (;;) {
        const due = await store.keysToErase(clock.now(), KEYS_PER_ROUND)
        for (const key of due) await erase(key)
        if (due.length < KEYS_PER_ROUND) return
      }
    },
  }
}
