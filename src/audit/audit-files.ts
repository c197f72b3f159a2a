/** The few things the audit log asks of a file system, so that a failing or stalling one can be put in its place. */
import fs from 'node:fs'
import { open, rm, statfs } from 'node:fs/promises'

export interface AuditFiles {
  /** Opens a new file for writing, mode 0600; fails if the name is taken. */
  create(path: string): Promise<number>
  /** Makes the names in a folder durable. */
  syncFolder(folder: string): Promise<void>
  /**
   * Writes at `position`; when this resolves, what was written is on stable storage.
   * @returns how many bytes were written, fewer than asked where a disk is full
   */
  writeDurably(file: number, bytes: Uint8Array, position: number): Promise<number>
  /** Cuts the file, durably. */
  truncate(file: number, length: number): Promise<void>
  close(file: number): Promise<void>
  remove(path: string): Promise<void>
  /** Bytes that this process may still write in the folder's file system. */
  freeBytes(folder: string): Promise<number>
}

/**
 * On Linux a write to a file opened with O_DSYNC returns after what a following fdatasync would have done (open(2)), for
 * one trip through the thread pool instead of two. Elsewhere the flag is absent or, on macOS, leaves the data in the
 * drive's cache, which libuv's fdatasync does not.
 */
const DSYNC = process.platform === 'linux' ? (fs.constants.O_DSYNC ?? 0) : 0

type Callback<T> = (error: NodeJS.ErrnoException | null | undefined, value: T) => void

function promised<T>(start: (done: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null || error === undefined ? resolve(value) : reject(error)))
  })
}

export const systemFiles: AuditFiles = Object.freeze({
  create(path: string) {
    const { O_CREAT, O_EXCL, O_WRONLY } = fs.constants
    return promised<number>((done) => fs.open(path, O_CREAT | O_EXCL | O_WRONLY | DSYNC, 0o600, done))
  },

  async syncFolder(folder: string) {
    // Windows cannot open folders; NTFS journals names by itself.
    if (process.platform === 'win32') return
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },

  writeDurably(file: number, bytes: Uint8Array, position: number) {
    return promised<number>((done) => {
      fs.write(file, bytes, 0, bytes.length, position, (error, written) => {
        if (DSYNC !== 0 || error) done(error, written)
        else fs.fdatasync(file, (syncError) => done(syncError, written))
      })
    })
  },

  async truncate(file: number, length: number) {
    await promised<void>((done) => fs.ftruncate(file, length, done))
    await promised<void>((done) => fs.fsync(file, done))
  },

  close: (file: number) => promised<void>((done) => fs.close(file, done)),

  remove: (path: string) => rm(path, { force: true }),

  async freeBytes(folder: string) {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  },
})
