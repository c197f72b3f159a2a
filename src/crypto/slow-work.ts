/**
 * Turns for slow cryptography (key generation, RSA, ML-DSA, the larger curves), so that it never takes all of the threads
 * or the memory that the rest of the service needs.
 *
 * Fair between lanes: each kind of job has one, and the lanes take turns, so a hundred RSA_4096 generations do not stand
 * in the way of the next signature. In a lane, first come is first served.
 */
import { KmsError } from '../base/errors.ts'
import { SLOW_WORK_RUNNING_MAX, SLOW_WORK_WAITING_MAX } from '../base/limits.ts'
import { lowerPoolPriority } from './thread-priority.ts'

export interface SlowWork {
  /**
   * Starts `job` when its turn comes.
   * @throws {KmsError} `ThrottlingException` at once when too many jobs wait (operations.md 7.3).
   */
  run<T>(lane: string, job: () => Promise<T>): Promise<T>
}

export interface SlowWorkLimits {
  readonly runningMax: number
  readonly waitingMax: number
}

const TOO_MANY = 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.'

export function createSlowWork({ runningMax, waitingMax }: SlowWorkLimits): SlowWork {
  /** Only lanes with jobs that wait; the first lane has the next turn. */
  const lanes = new Map<string, (() => void)[]>()
  let running = 0
  let waiting = 0

  function wait(lane: string): Promise<void> {
    if (waiting >= waitingMax) throw new KmsError('ThrottlingException', TOO_MANY)
    waiting++
    return new Promise((start) => {
      const queue = lanes.get(lane)
      if (queue === undefined) lanes.set(lane, [start])
      else queue.push(start)
    })
  }

  /** Hands the place of a finished job on, or gives it back. */
  function next(): void {
    const first = lanes.entries().next()
    if (first.done) {
      running--
      return
    }
    const [lane, queue] = first.value
    const start = queue.shift()!
    lanes.delete(lane)
    if (queue.length > 0) lanes.set(lane, queue)
    waiting--
    start()
  }

  return {
    async run(lane, job) {
      if (running < runningMax) running++
      else await wait(lane)
      try {
        return await job()
      } finally {
        next()
      }
    },
  }
}

const poolTurns = createSlowWork({ runningMax: SLOW_WORK_RUNNING_MAX, waitingMax: SLOW_WORK_WAITING_MAX })
let isPoolLowered = false

/** The turns of libuv's thread pool, which yields to the event loop from the end of the first job on. */
export const threadPoolWork: SlowWork = {
  run: (lane, job) =>
    poolTurns.run(lane, async () => {
      const result = await job()
      if (!isPoolLowered) lowerPoolPriority()
      isPoolLowered = true
      return result
    }),
}
