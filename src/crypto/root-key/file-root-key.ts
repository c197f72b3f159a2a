/** Root key provider `file`: 32 random bytes in a file that only its owner can read, made at first start. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { fileFault } from '../../base/file-fault.ts'
import { createRandomSource } from '../random.ts'
import { localRootKey } from './local-root-key.ts'
import { type RootKey, RootKeyError } from './root-key.ts'

const SECRET_BYTES = 32
const OTHERS = 0o077

/** @throws {RootKeyError} if it is missing, too: the store needs the one that it was made with. */
export function openFileRootKey(path: string): RootKey {
  const secret = readSecret(path)
  // A crash right after the link below leaves the secret under two names.
  rmSync(unfinished(path), { force: true })
  return localRootKey(secret)
}

/** @returns `save` writes it once, to where no file is yet. */
export function newFileRootKey(): { readonly rootKey: RootKey; save(path: string): void } {
  const secret = createRandomSource().keyBytes(SECRET_BYTES)
  return {
    rootKey: localRootKey(Buffer.from(secret)),
    save(path) {
      writeSecret(path, secret)
      secret.fill(0)
    },
  }
}

/** Where the secret is until it is complete. */
function unfinished(path: string): string {
  return `${path}.new`
}

function readSecret(path: string): Buffer {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw missing(path)
    throw new RootKeyError(`Cannot read the root key ${path}: ${fileFault(cause).reason}`, { cause })
  }
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new RootKeyError(`The root key ${path} is no file. Restore it from its backup.`)
    const { mode, size } = stats
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw new RootKeyError(`Others can read the root key ${path}. Run: chmod 600 '${path}'`)
    }
    if (size !== SECRET_BYTES) {
      throw new RootKeyError(
        `The root key ${path} has ${size} bytes, expected ${SECRET_BYTES}. Restore it from its backup.`,
      )
    }
    const secret = Buffer.alloc(SECRET_BYTES)
    if (readSync(file, secret) !== SECRET_BYTES) throw new RootKeyError(`Cannot read all of the root key ${path}.`)
    return secret
  } finally {
    closeSync(file)
  }
}

function missing(path: string): RootKeyError {
  return new RootKeyError(
    `The root key ${path} is missing, and this store was made with one. Restore it from its backup.`,
  )
}

function writeSecret(path: string, secret: Buffer): void {
  // Complete before it has its name, so that a crash leaves no half of a key behind.
  const temporary = unfinished(path)
  rmSync(temporary, { force: true })
  writeFileSync(temporary, secret, { mode: 0o600, flag: 'wx', flush: true })
  // A link fails where the name exists: two first starts at once must not both believe that their key counts.
  linkSync(temporary, path)
  rmSync(temporary)
  syncFolder(dirname(path))
}

/** A new name is durable only once its folder is. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
