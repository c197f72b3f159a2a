/** Records that committed with their change reach the log exactly once, whenever their process ended (audit.md G-2). */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readAuditLog } from '../../src/audit/read-log.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import type { Store } from '../../src/domain/store.ts'
import { type DataFolder, dataFolder } from '../../src/start/data-folder.ts'
import { openFolderAuditLog } from '../../src/start/folder-audit-log.ts'
import { openDurableNode } from '../../src/start/node.ts'
import { prepareDataFolder } from '../../src/start/prepare.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'

const root = mkdtempSync(join(tmpdir(), 'keyhold-outbox-'))
after(() => rmSync(root, { recursive: true }))

const CHOICE = { provider: undefined, passphrase: undefined }

async function prepare(folder: DataFolder): Promise<void> {
  const options = { account: undefined, region: 'eu-central-1', mode: 'server', log: silentLog } as const
  const { lock } = await prepareDataFolder({ ...CHOICE, ...options, folder })
  lock.release()
}

/** Commits a record as a change does; the process that did it never wrote it to the log, unless `log` says so. */
async function commit(store: Store, node: string): Promise<{ eventId: string; line: string }> {
  const eventId = randomUUID()
  const line = JSON.stringify({
    eventTime: `${new Date().toISOString().slice(0, 19)}Z`,
    eventName: node,
    eventID: eventId,
  })
  await store.change((change) => change.recordAudit({ eventId, node, line }))
  return { eventId, line }
}

async function withStore<T>(folder: DataFolder, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openSqliteStore({ path: folder.store, node: 'test', clock: systemClock })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

async function loggedIds(folder: DataFolder): Promise<string[]> {
  const ids: string[] = []
  for await (const { line } of readAuditLog(folder.audit)) ids.push(JSON.parse(line).eventID)
  return ids.sort()
}

test('a start writes what is missing, of any node, and nothing twice', async () => {
  const folder = dataFolder(join(root, 'start'))
  await prepare(folder)
  const committed = await withStore(folder, async (store) => [
    await commit(store, 'worker-1'),
    await commit(store, 'worker-9'),
    await commit(store, 'worker-1'),
  ])
  // The second was written, but its process ended before it could strike it from the store.
  const log = await openFolderAuditLog(folder, 'worker-9', silentLog)
  await log.append(committed[1]!.line)
  await log.close()

  const all = committed.map(({ eventId }) => eventId).sort()
  await prepare(folder)
  assert.deepEqual(await loggedIds(folder), all)
  assert.deepEqual(await withStore(folder, (store) => store.pendingAuditRecords()), [])
  await prepare(folder)
  assert.deepEqual(await loggedIds(folder), all)
})

test('a worker that takes the place of a dead one writes the records of that one only', async () => {
  const folder = dataFolder(join(root, 'worker'))
  await prepare(folder)
  const [own] = await withStore(folder, async (store) => [
    await commit(store, 'worker-1'),
    await commit(store, 'worker-2'),
  ])
  const node = { node: 'worker-1', authentication: 'signed', log: silentLog } as const
  const { service, store } = await openDurableNode(folder.path, CHOICE, node)
  assert.deepEqual(await loggedIds(folder), [own!.eventId])
  // worker-2 may be alive and about to write its own.
  assert.deepEqual(
    (await store.pendingAuditRecords()).map((record) => record.node),
    ['worker-2'],
  )
  await service.stop()
})
