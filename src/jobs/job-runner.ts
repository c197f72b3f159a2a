/**
 * Timed work. Every node tries; the one that holds the lease does it (design.md section 3). Jobs are idempotent and their
 * effects are also checked at use, so a late job never lets anything work that must not.
 */
import type { Clock } from '../base/clock.ts'
import { JOB_FIRST_DELAY_MS, JOB_INTERVAL_MS, JOB_LEASE_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { Store } from '../domain/store.ts'

export interface Job {
  readonly name: string
  run(): Promise<void>
}

export interface JobRunner {
  /** From now on, by the time. A process that serves nobody, such as an operator's command, leaves timed work to those that do. */
  start(): void
  /** Runs every job once, from now on, if this node gets the lease. */
  runAll(): Promise<void>
  stop(): Promise<void>
}

const LEASE = 'jobs'

/** @param onEnd told of each job that this node has run. */
export function createJobRunner(
  jobs: readonly Job[],
  store: Store,
  clock: Clock,
  node: string,
  log: Log,
  onEnd?: (job: string, isDone: boolean) => void,
): JobRunner {
  let running: Promise<void> | undefined
  /** Begins when the one that is running has ended. */
  let next: Promise<void> | undefined

  async function work(): Promise<void> {
    try {
      const now = clock.now()
      if (!(await store.acquireLease(LEASE, node, now, now + JOB_LEASE_MS))) return
      for (const job of jobs) await run(job)
    } catch (error) {
      log.error({ err: error }, 'cannot take the lease for timed work; will try again')
    }
  }

  async function run(job: Job): Promise<void> {
    try {
      await job.run()
      onEnd?.(job.name, true)
    } catch (error) {
      onEnd?.(job.name, false)
      log.error({ err: error, job: job.name }, 'timed work failed; will try again')
    }
  }

  function begin(): Promise<void> {
    next = undefined
    running = work().finally(() => {
      running = undefined
    })
    return running
  }

  /** What runs already may have looked at the time before it was moved. */
  async function runAll(): Promise<void> {
    if (running === undefined) return begin()
    next ??= running.then(begin)
    return next
  }

  const look = () => {
    if (running === undefined) void begin()
  }
  let first: NodeJS.Timeout | undefined
  let timer: NodeJS.Timeout | undefined
  return {
    start() {
      first = setTimeout(look, JOB_FIRST_DELAY_MS).unref()
      timer = setInterval(look, JOB_INTERVAL_MS).unref()
    },
    runAll,
    async stop() {
      clearTimeout(first)
      clearInterval(timer)
      await (next ?? running)
    },
  }
}
