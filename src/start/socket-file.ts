/** A Unix socket that only this user may use, at a path that nobody else can put another one at. */
import { chmodSync, lstatSync, rmSync, type Stats, statSync } from 'node:fs'
import { createConnection, type Server } from 'node:net'
import { dirname } from 'node:path'
import { fileFault } from '../base/file-fault.ts'
import { OperatorError } from '../config/operator-error.ts'

/** As the kernel has it: sun_path of Linux has 108 bytes, of macOS 104, the last of them 0. */
const PATH_BYTES_MAX = process.platform === 'darwin' ? 103 : 107
const OTHERS_MAY_WRITE = 0o022

/**
 * A socket of a process that is gone is removed, one that answers is not.
 * @param server listens there when this resolves; it removes the socket when it is closed. @throws {OperatorError}
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new OperatorError(`${path} is too long for a socket, which may have ${PATH_BYTES_MAX} bytes`)
  }
  checkFolder(dirname(path))
  await removeDead(path)
  await listen(server, path)
  chmodSync(path, 0o600)
}

/** Whoever can write in it could take the socket away and put his own there. */
function checkFolder(path: string): void {
  const folder = lookAt(path)
  if (folder === undefined) {
    throw new OperatorError(`${path} does not exist`, { hint: `make the folder of the socket: mkdir -m 755 '${path}'` })
  }
  if (!folder.isDirectory()) throw new OperatorError(`${path} is no folder`)
  const user = process.getuid?.()
  if (folder.uid !== 0 && folder.uid !== user) {
    throw new OperatorError(`${path} belongs to another user, who could put another socket there`, {
      hint: 'give the socket a folder of its own',
    })
  }
  if ((folder.mode & OTHERS_MAY_WRITE) === 0) return
  throw new OperatorError(`other users may write in ${path} and could put another socket there`, {
    hint: `give the socket a folder of its own, or run: chmod go-w '${path}'`,
  })
}

function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const { reason, hint } = fileFault(cause)
    throw new OperatorError(`cannot look at ${path}: ${reason}`, { hint, cause })
  }
}

async function removeDead(path: string): Promise<void> {
  // A link is looked at itself: what it leads to is not ours to remove.
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) {
    throw new OperatorError(`${path} is there already and is no socket`, {
      hint: 'move it away, or choose another path',
    })
  }
  const failure = await failureToConnect(path)
  if (failure === 'ECONNREFUSED') rmSync(path)
  else if (failure !== 'ENOENT') {
    throw new OperatorError(`another process listens on ${path}`, {
      hint: 'stop it first, or give this one a socket of its own',
    })
  }
}

/** @returns its code; `undefined`: somebody is there. */
function failureToConnect(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
  })
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const { reason, hint } = fileFault(cause)
      reject(new OperatorError(`cannot listen on ${path}: ${reason}`, { hint, cause }))
    })
    // The socket comes into being in this call, and nobody else may open it even for a moment.
    const umask = process.umask(0o177)
    try {
      server.listen({ path }, () => resolve())
    } finally {
      process.umask(umask)
    }
  })
}
