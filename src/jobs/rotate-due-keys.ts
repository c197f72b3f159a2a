/** Rotates enabled keys whose date has come (lifecycle.md 3.7), each with its audit event in one transaction. */
import type { Key } from '../domain/keys/key.ts'
import type { KeyMaterials } from '../domain/keys/key-material.ts'
import { freshMaterial, isRotationDue, rotateOnSchedule } from '../domain/keys/rotation.ts'
import { changeWithEvents, type JobServices } from './change-with-events.ts'
import type { Job } from './job-runner.ts'

const KEYS_PER_ROUND = 100

export function rotateDueKeys(services: JobServices & { readonly keyMaterials: KeyMaterials }): Job {
  const { store, clock, keyMaterials } = services

  async function rotate(key: Key): Promise<boolean> {
    const fresh = await freshMaterial(key, keyMaterials, clock.now())
    return changeWithEvents(services, async (change) => {
      const present = await change.findKey(key)
      const now = clock.now()
      // Read again: it may have been disabled, scheduled for deletion, or rotated by another node (ROT-60).
      if (present === undefined || present.currentMaterialId !== fresh.replaces) return []
      if (!present.enabled || present.deletion !== undefined || !isRotationDue(present, now)) return []
      const { key: rotated, events } = await rotateOnSchedule(change, present, fresh, now)
      await change.updateKey(rotated)
      return events
    })
  }

  /** One key that cannot be rotated must not keep the others from it. @returns how many were. */
  async function rotateAll(due: readonly Key[], failures: unknown[]): Promise<number> {
    let rotated = 0
    for (const key of due) {
      try {
        if (await rotate(key)) rotated++
      } catch (error) {
        failures.push(error)
      }
    }
    return rotated
  }

  return {
    name: 'rotate due keys',
    async run() {
      const failures: unknown[] = []
      for (;;) {
        const due = await store.keysToRotate(clock.now(), KEYS_PER_ROUND)
        const rotated = await rotateAll(due, failures)
        // What is still due after this would come first again.
        if (due.length < KEYS_PER_ROUND || rotated === 0) break
      }
      if (failures.length > 0) throw new AggregateError(failures, `${failures.length} keys could not be rotated`)
    },
  }
}
