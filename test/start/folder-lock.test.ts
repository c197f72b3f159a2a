/** One server per data folder, and a lock that dies with its process. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { dataFolder } from '../../src/start/data-folder.ts'
import { FolderInUseError, joinFolder, joinPreparedFolder, lockFolder } from '../../src/start/folder-lock.ts'

const root = mkdtempSync(join(tmpdir(), 'keyhold-lock-'))
after(() => rmSync(root, { recursive: true }))

const newFolder = () => dataFolder(mkdtempSync(join(root, 'data-')))
const MODULE = join(import.meta.dirname, '..', '..', 'src', 'start', 'folder-lock.ts')

/** Another process that holds the folder until it is killed. */
async function otherProcess(path: string, call: 'lockFolder' | 'joinFolder'): Promise<ChildProcess> {
  const code = `
    import { ${call} } from ${JSON.stringify(MODULE)}
    globalThis.held = await ${call}(${JSON.stringify(dataFolder(path))})
    console.log('held')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout!, 'data')
  return child
}

test('a second lock is refused and names the first process; the first release lets it in', async () => {
  const folder = newFolder()
  const first = await lockFolder(folder)
  await assert.rejects(lockFolder(folder), {
    name: 'OperatorError',
    message: `another Keyhold (process ${process.pid}) is running on the data folder ${folder.path}`,
  })
  first.release()
  const second = await lockFolder(folder)
  second.release()
})

test('a server waits for a command to be done; a command does not wait, and joins whoever is there', async () => {
  const folder = newFolder()
  const command = await lockFolder(folder, 'command')
  await assert.rejects(lockFolder(folder, 'command'), FolderInUseError)
  const joined = await joinPreparedFolder(folder)
  const server = lockFolder(folder)
  assert.equal(await Promise.race([server.then(() => 'in'), wait(300, 'waits')]), 'waits')
  command.release()
  joined.release()
  const lock = await server
  await assert.rejects(lockFolder(folder, 'command'), FolderInUseError)
  lock.release()
})

test('while a folder is prepared nobody joins it, and what fails there lets go of it', async () => {
  const folder = newFolder()
  const order: string[] = []
  const preparing = lockFolder(folder, 'server', async () => {
    await wait(300)
    order.push('prepared')
  })
  const joining = joinPreparedFolder(folder).then((lock) => {
    order.push('joined')
    return lock
  })
  const [lock, joined] = await Promise.all([preparing, joining])
  assert.deepEqual(order, ['prepared', 'joined'])
  joined.release()
  lock.release()
  const failing = lockFolder(folder, 'server', () => Promise.reject(new Error('on purpose')))
  await assert.rejects(failing, /on purpose/)
  const again = await lockFolder(folder)
  again.release()
})

test('whoever comes while a folder that was used before is prepared waits, and is told if it stays sealed', {
  timeout: 60_000,
}, async () => {
  const folder = newFolder()
  const before = await lockFolder(folder)
  before.release()
  const first = Promise.withResolvers<void>()
  const preparing = lockFolder(folder, 'server', () => first.promise)
  const joined = joinPreparedFolder(folder)
  assert.equal(await Promise.race([joined.then(() => 'in'), wait(300, 'waits')]), 'waits')
  first.resolve()
  const lock = await preparing
  const member = await joined
  member.release()
  lock.release()
  // The socket of a server that waits for shares.
  writeFileSync(folder.unsealSocket, '')
  const second = Promise.withResolvers<void>()
  const sealed = lockFolder(folder, 'server', () => second.promise)
  await assert.rejects(lockFolder(folder, 'command'), {
    message: `a sealed Keyhold is running on the data folder ${folder.path}`,
    hint: "open it with 'keyhold unseal', or stop it",
  })
  second.resolve()
  const last = await sealed
  last.release()
})

test('other users cannot open the lock', async () => {
  const folder = newFolder()
  const lock = await lockFolder(folder)
  assert.equal(statSync(folder.lock).mode & 0o777, 0o600)
  lock.release()
})

test('a killed process holds nothing', async () => {
  const folder = newFolder()
  const child = await otherProcess(folder.path, 'lockFolder')
  await assert.rejects(lockFolder(folder), { message: new RegExp(`process ${child.pid}`) })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = await lockFolder(folder)
  lock.release()
})

test('workers join their primary, and one that outlives it keeps the next primary waiting', async () => {
  const folder = newFolder()
  const primary = await lockFolder(folder)
  const worker = await otherProcess(folder.path, 'joinFolder')
  primary.release()
  let isLocked = false
  const next = lockFolder(folder).then((lock) => {
    isLocked = true
    return lock
  })
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal(isLocked, false, 'a worker is still there')
  worker.kill('SIGKILL')
  const lock = await next
  lock.release()
})

test('a worker that stays is reported after a while', async () => {
  const folder = newFolder()
  const worker = joinFolder(folder)
  await assert.rejects(lockFolder(folder), { message: /another Keyhold/ })
  worker.release()
})
