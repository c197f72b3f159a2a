/**
 * Where 'keyhold unseal' gives shares to a server: a socket in the data folder, so only its owner reaches it, and whoever does is let in by
 * shares alone. One line of JSON asks, one answers. What comes and how long it takes is bounded.
 */
import { chmodSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { UNSEAL_CONNECTIONS_MAX, UNSEAL_LINE_CHARS_MAX, UNSEAL_TIMEOUT_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { OperatorError } from '../config/operator-error.ts'
import { sha256Hex } from '../crypto/hash.ts'
import type { DataFolder } from './data-folder.ts'
import type { UnsealAnswer, Unsealer } from './unsealer.ts'

export interface UnsealSocket {
  close(): void
}

/** Linux: bytes of an address, with the zero at its end; other systems have a few less. */
const PATH_BYTES_MAX = 103

/** @throws {OperatorError} */
function addressOf({ path, unsealSocket }: DataFolder): string {
  // Pipes of Windows have a name space of their own.
  if (process.platform === 'win32') return `\\\\.\\pipe\\keyhold-${sha256Hex(path).slice(0, 32)}`
  if (Buffer.byteLength(unsealSocket) <= PATH_BYTES_MAX) return unsealSocket
  throw new OperatorError(`the path ${unsealSocket} is too long for a socket`, {
    hint: `move the data folder to where it has at most ${PATH_BYTES_MAX} bytes`,
  })
}

/** The caller holds the folder's lock: a socket that is there was left behind. */
export async function listenForShares(folder: DataFolder, unsealer: Unsealer, log: Log): Promise<UnsealSocket> {
  const address = addressOf(folder)
  if (process.platform !== 'win32') rmSync(address, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    void answer(socket, unsealer, log)
  })
  server.maxConnections = UNSEAL_CONNECTIONS_MAX
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // Exclusive: node:cluster is not to hand it to workers.
    server.listen({ path: address, exclusive: true }, () => {
      server.off('error', reject)
      server.on('error', (error) => log.error({ err: error }, 'the socket for shares failed'))
      resolve()
    })
  })
  if (process.platform !== 'win32') chmodSync(address, 0o600)
  return {
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function answer(socket: Socket, unsealer: Unsealer, log: Log): Promise<void> {
  socket.on('error', () => {})
  try {
    const line = await lineOf(socket)
    if (line === undefined) return void socket.destroy()
    const share = shareIn(line)
    socket.end(
      `${JSON.stringify(share === 'nothing' ? { refusal: 'expected a share' } : await unsealer.take(share))}\n`,
    )
    // Whoever keeps his side open would keep others away.
    socket.destroySoon()
  } catch (error) {
    log.error({ err: error }, 'a share could not be taken')
    socket.destroy()
  }
}

function shareIn(line: string): string | undefined | 'nothing' {
  try {
    const { share } = JSON.parse(line)
    return share === undefined || typeof share === 'string' ? share : 'nothing'
  } catch {
    return 'nothing'
  }
}

/** @returns `undefined` for what is too long, too slow, or ends before its end. */
function lineOf(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const timer = setTimeout(() => resolve(undefined), UNSEAL_TIMEOUT_MS)
    const done = (line: string | undefined) => {
      clearTimeout(timer)
      resolve(line)
    }
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end !== -1) done(text.slice(0, end))
      else if (text.length > UNSEAL_LINE_CHARS_MAX) done(undefined)
    })
    socket.once('close', () => done(undefined))
    socket.once('end', () => done(undefined))
  })
}

/** For the command. @param share `undefined`: only asks. @throws {OperatorError} if no server waits there. */
export async function giveShare(folder: DataFolder, share: string | undefined): Promise<UnsealAnswer> {
  const socket = createConnection(addressOf(folder))
  const failed = new Promise<never>((_, reject) => socket.once('error', reject))
  const answered = lineOf(socket)
  socket.once('connect', () => socket.write(`${JSON.stringify({ share })}\n`))
  try {
    const line = await Promise.race([answered, failed])
    if (line !== undefined) return JSON.parse(line)
  } catch (cause) {
    throw new OperatorError(`no server waits for shares on ${folder.path}`, {
      hint: "start it first; only one whose root key is in shares does, and it has to be this user's",
      cause,
    })
  } finally {
    socket.destroy()
  }
  throw new OperatorError(`the server on ${folder.path} did not answer`)
}
