/** Files and names that must not be lost, for a thread that may wait for the disk. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes the names in a folder durable. */
export function syncFolder(path: string): void {
  // Windows cannot open folders; NTFS journals names by itself.
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Whole or not there after a crash; mode 0600. The name is durable, too. */
export function writeWhole(path: string, bytes: Buffer): void {
  const unfinished = `${path}.new`
  rmSync(unfinished, { force: true })
  // wx: never through a link that somebody else put there.
  const file = openSync(unfinished, 'wx', 0o600)
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(unfinished, path)
  syncFolder(dirname(path))
}
