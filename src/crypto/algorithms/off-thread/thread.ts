/** The thread of `../off-thread.ts`: one job after the other, each answered with its output or its error. */
import { parentPort } from 'node:worker_threads'
import { lowerOwnPriority } from '../../thread-priority.ts'
import type { JobAnswer, JobRequest } from '../off-thread.ts'
import { jobs } from './jobs.ts'

const port = parentPort!

async function run({ id, name, input }: JobRequest): Promise<JobAnswer> {
  try {
    const job = jobs[name] as (...input: readonly unknown[]) => unknown
    return { id, output: await job(...input) }
  } catch (error) {
    return { id, error }
  }
}

lowerOwnPriority()
port.on('message', async (request: JobRequest) => port.postMessage(await run(request)))
