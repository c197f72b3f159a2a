/** How V8 keeps house in a process that serves requests and does nothing else. */
import { setFlagsFromString } from 'node:v8'

/**
 * V8 puts objects where old ones live if those of the same line of code once lived long, and whatever such an object points at
 * lives on with it. Under load that came to hold what a request needs for its checks: 1.5 KB of each request outlived it until the
 * next collection of everything, and collecting the young took twice to three times as long (docs/performance.md).
 */
const SERVING_FLAGS = ['--no-allocation-site-pretenuring']

/** Each worker has a core for itself as a rule: threads that help it collect garbage would only take the core away from it. */
export const WORKER_FLAGS = ['--single-threaded-gc', ...SERVING_FLAGS]

/**
 * For a process that was started without them, before it has much on its heap. The threads of the collector cannot be told then:
 * V8 ends the process if they change once it runs.
 */
export function setServingFlags(): void {
  for (const flag of SERVING_FLAGS) setFlagsFromString(flag)
}
