/** The thread of `keeper.ts`: reads, compresses and deletes, and gives way to requests. */
import { parentPort } from 'node:worker_threads'
import { lowerOwnPriority } from '../../crypto/thread-priority.ts'
import { finish, type KeepingRound, keep } from './keep.ts'
import type { KeepingStep } from './keeper.ts'

async function take(step: KeepingStep): Promise<KeepingRound> {
  if (step.do === 'keep') return keep(step)
  await finish(step)
  return { removed: [], faults: [] }
}

lowerOwnPriority()
parentPort!.on('message', async (step: KeepingStep) => {
  // What it throws ends the thread, and the keeper hears of it.
  parentPort!.postMessage(await take(step))
})
