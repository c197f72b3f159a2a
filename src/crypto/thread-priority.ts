/**
 * Threads of slow cryptography give way to the event loop where both want the same core: without it a few RSA keys in the
 * making hold up every quick request for as long as they take. Cores that are free are used as before.
 *
 * Linux keeps a nice value for each thread; other systems only for the whole process, which is left alone there. The audit
 * log's writes run in the same pool. They need next to no CPU time, and only where slow work leaves none do they wait for it.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'

/** More than that of the event loop's thread, whatever that has: about a tenth of its weight. */
const NICER = 10
const NICE_MAX = 19
/** As libuv names the threads of its pool. */
const POOL_THREAD = 'libuv-worker'
const THREADS = '/proc/self/task'

/** For all threads of libuv's pool, which exist once a job of it has run. */
export function lowerPoolPriority(): void {
  if (process.platform !== 'linux') return
  try {
    const nice = niceFor(getPriority())
    for (const id of readdirSync(THREADS)) {
      if (readFileSync(`${THREADS}/${id}/comm`, 'latin1').trim() === POOL_THREAD) setPriority(Number(id), nice)
    }
  } catch {
    // Without /proc, or where a sandbox forbids it: everything works, only less evenly.
  }
}

/** For the thread that calls, once: it began with the value of the thread that made it. */
export function lowerOwnPriority(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(niceFor(getPriority()))
  } catch {
    // As above.
  }
}

function niceFor(others: number): number {
  return Math.min(others + NICER, NICE_MAX)
}
