/** Erases keys whose waiting period is over (lifecycle.md TR-14, DEL-8), each with its audit events in one transaction. */
import { eraseKey } from '../domain/keys/erase-key.ts'
import { isDeleted, type Key } from '../domain/keys/key.ts'
import { changeWithEvents, type JobServices } from './change-with-events.ts'
import type { Job } from './job-runner.ts'

const KEYS_PER_ROUND = 100

export function eraseDeletedKeys(services: JobServices): Job {
  const { store, clock } = services

  const erase = (key: Key) =>
    changeWithEvents(services, async (change) => {
      // Read again: the deletion may have been cancelled meanwhile by a node with another idea of the time.
      const present = await change.findKey(key)
      if (present === undefined || !isDeleted(present, clock.now())) return []
      return eraseKey(change, present, clock.now())
    })

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
