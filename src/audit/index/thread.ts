/** The thread of `../folder-event-history.ts`: reads the log and its index, one call after the other. */
import { existsSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { KmsError } from '../../base/errors.ts'
import { lowerOwnPriority } from '../../crypto/thread-priority.ts'
import type { EventPage, EventQuery } from '../event-history.ts'
import type { ThreadAnswer, ThreadData, ThreadRequest } from '../folder-event-history.ts'
import { EventIndex, isUnreadable, removeIndex } from './event-index.ts'
import { findEvents } from './find-events.ts'
import { forgetRemoved } from './forget-removed.ts'
import { indexLog } from './index-log.ts'

const port = parentPort!
const { folder, indexPath } = workerData as ThreadData
let index: EventIndex | undefined
/** Whether all removals were looked through since it was opened. */
let knowsRemoved = false

async function work({ query }: ThreadRequest): Promise<EventPage | undefined> {
  // Another process may have found it damaged and put a new one in its place.
  if (!existsSync(indexPath)) close()
  index ??= EventIndex.open(indexPath)
  await forgetRemoved(folder, index, !knowsRemoved)
  knowsRemoved = true
  await indexLog(folder, index)
  return query && findIn(query, index)
}

async function findIn(query: EventQuery, index: EventIndex): Promise<EventPage> {
  try {
    return await findEvents(query, { folder, index })
  } catch (error) {
    // What is not there may have been removed a moment ago.
    if (!(error instanceof KmsError && (await forgetRemoved(folder, index, false)))) throw error
    return findEvents(query, { folder, index })
  }
}

function close(): void {
  index?.close()
  index = undefined
  knowsRemoved = false
}

async function answer(request: ThreadRequest): Promise<ThreadAnswer> {
  const { id } = request
  try {
    return { id, page: await work(request) }
  } catch (error) {
    if (error instanceof KmsError) return { id, refusal: { code: error.code, text: error.text } }
    if (!isUnreadable(error)) return { id, error }
  }
  close()
  removeIndex(indexPath)
  try {
    return { id, page: await work(request) }
  } catch (error) {
    return error instanceof KmsError ? { id, refusal: { code: error.code, text: error.text } } : { id, error }
  }
}

lowerOwnPriority()
let previous: Promise<unknown> = Promise.resolve()
port.on('message', (request: ThreadRequest) => {
  previous = previous.then(async () => port.postMessage(await answer(request)))
})
