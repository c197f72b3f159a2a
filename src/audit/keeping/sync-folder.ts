/** Makes the names in a folder durable, for the thread that may wait for it. */
import { closeSync, fsyncSync, openSync } from 'node:fs'

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
