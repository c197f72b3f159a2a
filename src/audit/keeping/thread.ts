/** The thread of `keeper.ts`: reads, delivers, compresses and deletes, and gives way to requests. */
import { parentPort } from 'node:worker_threads'
import { lowerOwnPriority } from '../../crypto/thread-priority.ts'
import { deliverNow, finish, type KeepingRound, keep } from './keep.ts'
import type { KeepingStep } from './keeper.ts'

async function take(step: KeepingStep): Promise<KeepingRound> {
  if (step.do === 'keep') return keep(step)
  const deliveryProblem = step.do === 'deliver' ? await deliverNow(step) : undefined
  if (step.do === 'finish') await finish(step)
  return { removed: [], faults: [], deliveryProblem }
}

lowerOwnPriority()
parentPort!.on('message', async (step: KeepingStep) => {
  // What it throws ends the thread, and the keeper hears of it.
  parentPort!.postMessage(await take(step))
})
