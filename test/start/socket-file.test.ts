/** A socket that only its user may open, and that nobody can replace. Modes as unix(7) and inode(7) have them. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { OperatorError } from '../../src/config/operator-error.ts'
import { listenOnSocket } from '../../src/start/socket-file.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'

function place(context: TestContext) {
  const folder = temporaryFolder('socket')
  context.after(() => folder.remove())
  return { folder: folder.path, path: join(folder.path, 'kms.sock') }
}

async function listenFor(context: TestContext, path: string) {
  const server = createServer((socket) => void socket.on('error', () => {}).end('hello'))
  await listenOnSocket(server, path)
  context.after(() => server.close())
  return server
}

const answers = (path: string) =>
  new Promise((resolve, reject) => createConnection(path).once('data', resolve).once('error', reject))

/** As a process leaves one that was killed. */
async function leaveDead(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  const child = spawn(process.execPath, ['-e', script])
  await new Promise((resolve) => child.once('exit', resolve))
  assert.ok(lstatSync(path).isSocket(), 'a dead socket is there')
}

test('only the user may open the socket, whatever the umask', async (context) => {
  const { path } = place(context)
  const umask = process.umask(0)
  try {
    await listenFor(context, path)
    assert.equal(process.umask(), 0, 'the umask is as before')
  } finally {
    process.umask(umask)
  }
  assert.equal(lstatSync(path).mode & 0o777, 0o600)
  await answers(path)
})

test('it is gone once the server is closed', async (context) => {
  const { path } = place(context)
  const server = await listenFor(context, path)
  await new Promise((resolve) => server.close(resolve))
  assert.equal(existsSync(path), false)
})

test('the socket of a process that was killed is replaced', async (context) => {
  const { path } = place(context)
  await leaveDead(path)
  await listenFor(context, path)
  await answers(path)
})

test('the socket of a living process is refused, and lives on', async (context) => {
  const { path } = place(context)
  await listenFor(context, path)
  await assert.rejects(listenOnSocket(createServer(), path), (error) => {
    assert.ok(error instanceof OperatorError)
    assert.match(error.message, /another process listens on/)
    return true
  })
  await answers(path)
})

test('what is no socket is left alone', async (context) => {
  const { folder, path } = place(context)
  writeFileSync(path, 'precious')
  await assert.rejects(listenOnSocket(createServer(), path), /is there already and is no socket/)
  const link = join(folder, 'link.sock')
  await leaveDead(join(folder, 'dead.sock'))
  symlinkSync(join(folder, 'dead.sock'), link)
  await assert.rejects(listenOnSocket(createServer(), link), /is there already and is no socket/)
})

test('a folder that others may write in is refused: they could put another socket there', async (context) => {
  const { folder, path } = place(context)
  for (const mode of [0o770, 0o757, 0o1777]) {
    chmodSync(folder, mode)
    await assert.rejects(listenOnSocket(createServer(), path), /other users may write in/, mode.toString(8))
  }
  chmodSync(folder, 0o755)
  await listenFor(context, path)
})

const skip = process.getuid?.() === 0 ? false : 'only root can make a folder of another user'

test('a folder of another user is refused', { skip }, async (context) => {
  const { folder } = place(context)
  const theirs = join(folder, 'theirs')
  mkdirSync(theirs)
  chownSync(theirs, 12345, 12345)
  await assert.rejects(listenOnSocket(createServer(), join(theirs, 'kms.sock')), /belongs to another user/)
})

test('a folder that is not there, or is a file, is named', async (context) => {
  const { folder, path } = place(context)
  await assert.rejects(listenOnSocket(createServer(), join(folder, 'none', 'kms.sock')), /none does not exist/)
  writeFileSync(path, '')
  await assert.rejects(listenOnSocket(createServer(), join(path, 'kms.sock')), OperatorError)
})

test('a path that the kernel would cut off is refused', async (context) => {
  const { folder } = place(context)
  await assert.rejects(listenOnSocket(createServer(), join(folder, 'x'.repeat(108))), /too long for a socket/)
})
