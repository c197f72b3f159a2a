/** The files that hold the checkpoints of a log, a line each: `checkpoints-000000.jsonl` and so on. */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AUDIT_CHECKPOINT_BYTES_MAX, AUDIT_CHECKPOINT_FILE_BYTES_MAX } from '../../base/limits.ts'
import { systemFiles } from '../audit-files.ts'

const NAME = /^checkpoints-(\d{6}|[1-9]\d{6,8})\.jsonl$/

export interface CheckpointFile {
  /** From 0, without gaps. */
  readonly number: number
  readonly path: string
}

export function checkpointPath(folder: string, number: number): string {
  return join(folder, `checkpoints-${String(number).padStart(6, '0')}.jsonl`)
}

/** In order. A folder that does not exist has none. */
export async function listCheckpointFiles(folder: string): Promise<readonly CheckpointFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names
    .flatMap((name) => {
      const match = NAME.exec(name)
      return match === null ? [] : [{ number: Number(match[1]), path: join(folder, name) }]
    })
    .sort((left, right) => left.number - right.number)
}

export interface CheckpointLine {
  readonly text: string
  /** From 1. */
  readonly line: number
  /** False of the last one if it has no line end: a crash cut it, or it is being written. */
  readonly isWhole: boolean
}

/**
 * A file is never longer than its bound and a line.
 * @returns `undefined` of one that is: it is none of ours.
 */
export async function readCheckpointLines(path: string): Promise<readonly CheckpointLine[] | undefined> {
  const file = await open(path, 'r')
  try {
    if ((await file.stat()).size > AUDIT_CHECKPOINT_FILE_BYTES_MAX + AUDIT_CHECKPOINT_BYTES_MAX) return undefined
    const lines = (await file.readFile('utf8')).split('\n')
    const rest = lines.pop()!
    const whole = lines.map((text, index) => ({ text, line: index + 1, isWhole: true }))
    return rest === '' ? whole : [...whole, { text: rest, line: lines.length + 1, isWhole: false }]
  } finally {
    await file.close()
  }
}

/** Whether the folder has any. */
export async function hasCheckpoints(folder: string): Promise<boolean> {
  return (await listCheckpointFiles(folder)).length > 0
}

/** Adds lines to the newest file, durably. One process at a time has one, that which holds the folder. */
export class CheckpointAppender {
  readonly #folder: string
  readonly #bytesMax: number
  #number: number
  #length: number

  private constructor(folder: string, bytesMax: number, number: number, length: number) {
    this.#folder = folder
    this.#bytesMax = bytesMax
    this.#number = number
    this.#length = length
  }

  /** @param length of the whole lines in the newest file; what is behind them a crash left there. */
  static async open(folder: string, bytesMax: number, newest: CheckpointFile | undefined, length: number) {
    const appender = new CheckpointAppender(folder, bytesMax, newest?.number ?? 0, length)
    if (newest !== undefined) await appender.#cut()
    return appender
  }

  /** @throws the file system's error; then the line is not there. */
  async append(line: string): Promise<void> {
    if (this.#length >= this.#bytesMax) {
      this.#number++
      this.#length = 0
    }
    const path = checkpointPath(this.#folder, this.#number)
    const bytes = Buffer.from(`${line}\n`)
    const file = await open(path, 'a', 0o600)
    try {
      const { bytesWritten } = await file.write(bytes)
      await file.sync()
      if (bytesWritten !== bytes.length) throw new Error(`only ${bytesWritten} of ${bytes.length} bytes were written`)
    } catch (error) {
      await file.truncate(this.#length).catch(() => {})
      throw error
    } finally {
      await file.close()
    }
    if (this.#length === 0) await systemFiles.syncFolder(this.#folder)
    this.#length += bytes.length
  }

  async #cut(): Promise<void> {
    const file = await open(checkpointPath(this.#folder, this.#number), 'r+')
    try {
      if ((await file.stat()).size === this.#length) return
      await file.truncate(this.#length)
      await file.sync()
    } finally {
      await file.close()
    }
  }
}
