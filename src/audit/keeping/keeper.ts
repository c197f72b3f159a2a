/**
 * Keeps a log in bounds and delivers it, by rules of the operator: looks every few minutes what is new, and what is no longer to be kept,
 * announces that by a checkpoint, then deletes it. One process of a folder does, the one that makes its checkpoints; the work is done by a thread that gives way to
 * requests and is there only while there is some.
 */
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../base/clock.ts'
import { instantText } from '../../base/clock.ts'
import {
  AUDIT_DELIVERY_STOP_MS_MAX,
  AUDIT_KEEPING_FIRST_DELAY_MS,
  AUDIT_KEEPING_INTERVAL_MS,
} from '../../base/limits.ts'
import type { Log } from '../../base/log.ts'
import type { RemovedSegments } from '../checkpoints/checkpoint.ts'
import type { Checkpoints } from '../checkpoints/checkpoints.ts'
import type { KeepingRound, KeepingRules, KeepingTask } from './keep.ts'
import type { SegmentFault } from './segment-fault.ts'

export interface AuditKeeperOptions {
  readonly folder: string
  readonly rules: KeepingRules
  /** Streams that were there when nobody else had the folder. */
  readonly ended: readonly string[]
  readonly checkpoints: Pick<Checkpoints, 'announceRemoval'>
  readonly clock: Clock
  readonly log: Log
  readonly firstDelayMs?: number
  readonly intervalMs?: number
}

export interface AuditKeeper {
  /** When nothing writes any more: ends what is under way, wherever it is, and delivers what is new, for a few seconds. The next start goes on. */
  close(): Promise<void>
}

export type KeepingStep =
  | ({ readonly do: 'keep' | 'deliver' } & KeepingTask)
  | { readonly do: 'finish'; readonly folder: string }

/** `.ts` in the repository, `.js` in the package. */
const THREAD = new URL(`./thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

export function openAuditKeeper(options: AuditKeeperOptions): AuditKeeper {
  const { firstDelayMs = AUDIT_KEEPING_FIRST_DELAY_MS, intervalMs = AUDIT_KEEPING_INTERVAL_MS, log } = options
  const rounds = new Rounds(options)
  let running: Promise<void> | undefined
  let timer = setTimeout(begin, firstDelayMs).unref()
  let isClosed = false

  function begin(): void {
    running = rounds
      .next()
      .catch((err) => {
        if (!isClosed) log.error({ err }, 'the audit log cannot be kept in bounds; will try again')
      })
      .finally(() => {
        running = undefined
        if (!isClosed) timer = setTimeout(begin, intervalMs).unref()
      })
  }

  return {
    async close() {
      isClosed = true
      clearTimeout(timer)
      await rounds.stop()
      await running
      await rounds.last()
    },
  }
}

class Rounds {
  readonly #options: AuditKeeperOptions
  /** Files that the operator was told of. */
  readonly #told = new Set<string>()
  #thread: Worker | undefined
  /** Whether all that was announced is deleted: at the start, a crash may have come in between. */
  #isFinished = false

  constructor(options: AuditKeeperOptions) {
    this.#options = options
  }

  async next(): Promise<void> {
    const { folder, rules, ended, clock, checkpoints } = this.#options
    try {
      if (!this.#isFinished) await this.#finish()
      const round = await this.#take({ do: 'keep', folder, rules, ended, now: clock.now() })
      const { removed, faults } = round
      this.#tellUndelivered(round)
      this.#tellFaults(faults)
      if (removed.length === 0) return
      this.#isFinished = false
      if (!(await checkpoints.announceRemoval(removed))) return
      await this.#finish()
      this.#tellRemoved(removed)
    } finally {
      await this.stop()
    }
  }

  async #finish(): Promise<void> {
    await this.#take({ do: 'finish', folder: this.#options.folder })
    this.#isFinished = true
  }

  async last(): Promise<void> {
    const { folder, rules, ended, clock, log } = this.#options
    if (rules.delivery === undefined) return
    const timer = setTimeout(() => void this.stop(), AUDIT_DELIVERY_STOP_MS_MAX)
    try {
      this.#tellUndelivered(await this.#take({ do: 'deliver', folder, rules, ended, now: clock.now() }))
    } catch (err) {
      log.warn({ err }, 'the last of the audit log could not be delivered in time; the next start goes on')
    } finally {
      clearTimeout(timer)
      await this.stop()
    }
  }

  async stop(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    await thread?.terminate()
  }

  #take(step: KeepingStep): Promise<KeepingRound> {
    this.#thread ??= new Worker(THREAD, { execArgv: [] })
    const thread = this.#thread
    return new Promise((resolve, reject) => {
      const settled = () => {
        thread.off('message', done)
        thread.off('error', failed)
        thread.off('exit', gone)
      }
      const done = (answer: KeepingRound) => {
        settled()
        resolve(answer)
      }
      const failed = (error: Error) => {
        settled()
        reject(error)
      }
      const gone = () => failed(new Error('its thread has ended'))
      thread.on('message', done)
      thread.on('error', failed)
      thread.on('exit', gone)
      thread.postMessage(step)
    })
  }

  #tellUndelivered({ deliveryProblem: problem }: KeepingRound): void {
    if (problem === undefined) return
    this.#options.log.warn(
      { problem },
      'the audit log could not be delivered to the folder of --audit-files; will try again',
    )
  }

  #tellFaults(faults: readonly SegmentFault[]): void {
    for (const { path, problem } of faults) {
      if (this.#told.has(path)) continue
      this.#told.add(path)
      const text =
        "A segment of the audit log is not as it was written, so it is kept; 'keyhold audit verify' tells more."
      this.#options.log.error({ path, problem }, text)
    }
  }

  #tellRemoved(removed: readonly RemovedSegments[]): void {
    const until = removed.reduce((newest, of) => Math.max(newest, of.until), 0)
    this.#options.log.info(
      { streams: removed.length, until: instantText(until) },
      'removed the oldest segments of the audit log, as the settings say',
    )
  }
}
