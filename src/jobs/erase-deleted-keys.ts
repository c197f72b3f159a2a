/** Erases keys whose waiting period is over (lifecycle.md TR-14, DEL-8), each with its audit events in one transaction. */
import { keyStoreOf } from '../domain/key-stores/custom-key-store.ts'
import type { DeletedBackingKey } from '../domain/key-stores/key-store-backend.ts'
import type { KeyStores } from '../domain/key-stores/key-stores.ts'
import { eraseKey } from '../domain/keys/erase-key.ts'
import { isDeleted, type Key } from '../domain/keys/key.ts'
import { changeWithEvents, type JobServices } from './change-with-events.ts'
import type { Job } from './job-runner.ts'

const KEYS_PER_ROUND = 100

export function eraseDeletedKeys(services: JobServices & { readonly keyStores: Pick<KeyStores, 'deleteKey'> }): Job {
  const { store, clock, keyStores } = services

  async function erase(key: Key): Promise<boolean> {
    // Before the change, which cannot wait for an HSM; but its event tells how that ended (HK-5).
    const backing = key.customKeyStore && (await deleteBacking(key))
    return changeWithEvents(services, async (change) => {
      // Read again: the deletion may have been cancelled meanwhile by a node with another idea of the time.
      const present = await change.findKey(key)
      if (present === undefined || !isDeleted(present, clock.now())) return []
      return eraseKey(change, present, clock.now(), backing)
    })
  }

  async function deleteBacking(key: Key): Promise<DeletedBackingKey | undefined> {
    const present = await store.findKey(key)
    return present && isDeleted(present, clock.now()) ? keyStores.deleteKey(keyStoreOf(present), present) : undefined
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
