/**
 * Work for the one thread beside the event loop that runs what node:crypto has no asynchronous form of, or not at all
 * (`off-thread/`). It starts at its first job, holds the process alive only while it works, and is started anew if it dies.
 *
 * Keys are passed as KeyObjects: the thread gets a handle of the same native key, no bytes.
 */
import { Worker } from 'node:worker_threads'
import { OFF_THREAD_RUNNING_MAX, SLOW_WORK_WAITING_MAX } from '../../base/limits.ts'
import { createSlowWork } from '../slow-work.ts'
import type { Jobs } from './off-thread/jobs.ts'

export interface JobRequest {
  readonly id: number
  readonly name: keyof Jobs
  readonly input: readonly unknown[]
}

export type JobAnswer =
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly error: unknown }

interface Waiting {
  resolve(output: unknown): void
  reject(error: unknown): void
}

/** The file has the extension of this one: `.ts` in the repository, `.js` in the package. */
const THREAD = new URL(`./off-thread/thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

const turns = createSlowWork({ runningMax: OFF_THREAD_RUNNING_MAX, waitingMax: SLOW_WORK_WAITING_MAX })
const waiting = new Map<number, Waiting>()
let lastId = 0
let thread: Worker | undefined

function start(): Worker {
  // The process's own flags are about its entry point (--input-type, --import) and none of this thread's business.
  const worker = new Worker(THREAD, { execArgv: [] })
  worker.on('message', (answer: JobAnswer) => settle(worker, answer))
  worker.on('error', (error) => abandon(worker, error))
  worker.on('exit', () => abandon(worker, new Error('the cryptography thread has ended')))
  worker.unref()
  return worker
}

function settle(worker: Worker, answer: JobAnswer): void {
  const job = waiting.get(answer.id)
  waiting.delete(answer.id)
  if (waiting.size === 0) worker.unref()
  if ('error' in answer) job?.reject(answer.error)
  else job?.resolve(answer.output)
}

function abandon(worker: Worker, error: unknown): void {
  if (thread !== worker) return
  thread = undefined
  const jobs = [...waiting.values()]
  waiting.clear()
  for (const job of jobs) job.reject(error)
}

/** Buffers arrive as plain Uint8Arrays. */
function withBuffers(output: unknown): unknown {
  return output instanceof Uint8Array ? Buffer.from(output.buffer, output.byteOffset, output.byteLength) : output
}

type Output<Name extends keyof Jobs> = Awaited<ReturnType<Jobs[Name]>>
type Received<T> = T extends Uint8Array ? Buffer : T

/** @throws {KmsError} `ThrottlingException` when too many jobs wait. */
export function offThread<Name extends keyof Jobs>(
  name: Name,
  ...input: Parameters<Jobs[Name]>
): Promise<Received<Output<Name>>> {
  return turns.run(name, async () => {
    thread ??= start()
    const worker = thread
    const output = await new Promise((resolve, reject) => {
      const id = ++lastId
      worker.postMessage({ id, name, input } satisfies JobRequest)
      waiting.set(id, { resolve, reject })
      worker.ref()
    })
    return withBuffers(output) as Received<Output<Name>>
  })
}
