/**
 * Erases imported key material whose time is over (lifecycle.md IMP-63), each with its audit event in one transaction. It is
 * unusable from that instant on, whenever this comes by.
 */
import { eraseExpiredMaterial } from '../domain/imports/imported-materials.ts'
import type { StoredKeyMaterial } from '../domain/store.ts'
import { changeWithEvents, type JobServices } from './change-with-events.ts'
import type { Job } from './job-runner.ts'

const MATERIALS_PER_ROUND = 100

export function eraseExpiredMaterials(services: JobServices): Job {
  const { store, clock } = services

  function erase(material: StoredKeyMaterial): Promise<boolean> {
    return changeWithEvents(services, async (change) => {
      const key = await change.findKey(material)
      const event = key && (await eraseExpiredMaterial(change, key, material, clock.now()))
      return event === undefined ? [] : [event]
    })
  }

  /** One material that cannot be erased must not keep the others. @returns how many were. */
  async function eraseAll(due: readonly StoredKeyMaterial[], failures: unknown[]): Promise<number> {
    let erased = 0
    for (const material of due) {
      try {
        if (await erase(material)) erased++
      } catch (error) {
        failures.push(error)
      }
    }
    return erased
  }

  return {
    name: 'erase expired key material',
    async run() {
      const failures: unknown[] = []
      for (;;) {
        const due = await store.expiredMaterials(clock.now(), MATERIALS_PER_ROUND)
        const erased = await eraseAll(due, failures)
        // What is still due after this would come first again.
        if (due.length < MATERIALS_PER_ROUND || erased === 0) break
      }
      if (failures.length > 0) throw new AggregateError(failures, `${failures.length} materials could not be erased`)
    },
  }
}
