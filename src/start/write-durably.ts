/** Small files that must be whole or absent after a crash. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Readable by the owner only; on stable storage when this returns. The caller holds the folder's lock. */
export function writeDurably(path: string, text: string): void {
  const unfinished = `${path}.new`
  rmSync(unfinished, { force: true })
  // wx: never through a link that somebody else put there.
  writeFileSync(unfinished, text, { mode: 0o600, flag: 'wx', flush: true })
  renameDurably(unfinished, path)
}

/** The same for a file that is new. Throws `EEXIST`. */
export function writeOnce(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flag: 'wx', flush: true })
  syncFolder(dirname(path))
}

/** Gone for good when this returns. */
export function removeDurably(path: string): void {
  rmSync(path)
  syncFolder(dirname(path))
}

/** Has the other name for good when this returns; what had it before is gone. */
export function renameDurably(path: string, name: string): void {
  renameSync(path, name)
  syncFolder(dirname(name))
}

/** A name is durable only once its folder is. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
