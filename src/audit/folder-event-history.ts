/**
 * LookupEvents over the durable log: by an index that a thread makes of it. The thread starts when somebody asks for the first time,
 * and gives way to the event loop; who never asks pays for none of it.
 */
import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { KmsError } from '../base/errors.ts'
import { EVENT_LOOKUP_MS_MAX, EVENT_LOOKUPS_WAITING_MAX, EVENT_THREAD_IDLE_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { EventHistory, EventPage, EventQuery } from './event-history.ts'
import { createLookupQuota, type LookupQuotaOptions } from './lookup-quota.ts'

export interface ThreadData {
  readonly folder: string
  readonly indexPath: string
}

export interface ThreadRequest {
  readonly id: number
  /** `undefined`: only read what is new. */
  readonly query: EventQuery | undefined
}

export type ThreadAnswer = { readonly id: number } & (
  | { readonly page: EventPage | undefined }
  | { readonly refusal: { readonly code: string; readonly text: string | undefined } }
  | { readonly error: unknown }
)

export interface FolderEventHistoryOptions extends LookupQuotaOptions {
  /** Of the audit log. */
  readonly folder: string
  /** Of the index: a file that is made when it is needed. */
  readonly indexPath: string
  readonly log: Log
  readonly lookupMsMax?: number
}

/** `.ts` in the repository, `.js` in the package. */
const THREAD = new URL(`./index/thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

interface Waiting {
  resolve(page: EventPage | undefined): void
  reject(error: unknown): void
}

export function createFolderEventHistory(options: FolderEventHistoryOptions): EventHistory {
  const { folder, indexPath, log, lookupMsMax = EVENT_LOOKUP_MS_MAX } = options
  const quota = createLookupQuota(options)
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  let thread: Worker | undefined
  let idle: NodeJS.Timeout | undefined

  function start(): Worker {
    const worker = new Worker(THREAD, { execArgv: [], workerData: { folder, indexPath } satisfies ThreadData })
    worker.on('message', settle)
    worker.on('error', (error) => abandon(worker, error))
    worker.on('exit', () => abandon(worker, new Error('the thread of the event index has ended')))
    worker.unref()
    return worker
  }

  function settle(answer: ThreadAnswer): void {
    const call = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (waiting.size === 0) idle = setTimeout(end, EVENT_THREAD_IDLE_MS).unref()
    if ('page' in answer) call?.resolve(answer.page)
    else if ('refusal' in answer) call?.reject(new KmsError(answer.refusal.code, answer.refusal.text))
    else call?.reject(answer.error)
  }

  function abandon(worker: Worker, error: unknown): void {
    if (thread !== worker) return
    thread = undefined
    const calls = [...waiting.values()]
    waiting.clear()
    for (const { reject } of calls) reject(error)
  }

  function ask(query: EventQuery | undefined): Promise<EventPage | undefined> {
    clearTimeout(idle)
    thread ??= start()
    const id = ++lastId
    const answered = new Promise<EventPage | undefined>((resolve, reject) => waiting.set(id, { resolve, reject }))
    thread.postMessage({ id, query } satisfies ThreadRequest)
    return answered
  }

  /** What it was doing is undone with its transaction, and done by the next. */
  async function end(): Promise<void> {
    clearTimeout(idle)
    const worker = thread
    thread = undefined
    await worker?.terminate()
    for (const { reject } of waiting.values()) reject(busy())
    waiting.clear()
  }

  return {
    async lookup(query) {
      quota.take(query.account, query.region)
      if (waiting.size >= EVENT_LOOKUPS_WAITING_MAX) throw busy()
      return (await inTime(ask(query), lookupMsMax))!
    },
    keepUp() {
      if (waiting.size > 0 || !existsSync(indexPath)) return
      ask(undefined).catch((err) => log.warn({ err }, 'the index of the audit log cannot be kept up; will try again'))
    },
    close: end,
  }
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(busy()), ms)
  })
  // Its end is nobody's affair any more.
  work.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Clients try again by themselves. */
function busy(): KmsError {
  return new KmsError('ThrottlingException', 'The audit log is being read to find its events. Try again in a moment.')
}
