/** Makes checkpoints of a log: at the start, every minute, and at the stop (audit.md section 10). One process of a folder does. */

import { mkdir } from 'node:fs/promises'
import type { Clock } from '../../base/clock.ts'
import {
  AUDIT_CHECKPOINT_FILE_BYTES_MAX,
  AUDIT_CHECKPOINT_INTERVAL_MS,
  AUDIT_CHECKPOINT_SEND_MS_MAX,
  AUDIT_CHECKPOINT_STREAMS_MAX,
  AUDIT_CHECKPOINTS_UNSENT_MAX,
  AUDIT_REMOVALS_PER_CHECKPOINT_MAX,
} from '../../base/limits.ts'
import type { Log } from '../../base/log.ts'
import type { AuditKey } from '../../crypto/audit-key.ts'
import {
  type CheckpointReason,
  checkpointHash,
  NO_CHECKPOINT,
  type RemovedSegments,
  readCheckpoint,
  type StreamPosition,
  signedCheckpoint,
} from './checkpoint.ts'
import { CheckpointAppender, listCheckpointFiles, readCheckpointLines } from './checkpoint-files.ts'
import { StreamWalk } from './stream-walk.ts'

export interface CheckpointKeys {
  /** Signs from now on. */
  readonly current: AuditKey
  /** To be announced by the next checkpoint, and to sign those after it. */
  readonly next: AuditKey | undefined
  /** The one that announces it is on stable storage. */
  promote(): Promise<void>
}

/** Brings a checkpoint to where it is kept as well. @throws {Error} if it could not; it is tried again with the next. */
export type SendCheckpoint = (line: string) => Promise<void>

export interface CheckpointOptions {
  readonly folder: string
  /** Asked before each checkpoint; the newest there is says whose turn it is. */
  readonly keys: (newest: NewestCheckpoint | undefined) => Promise<CheckpointKeys>
  readonly clock: Clock
  readonly log: Log
  readonly send: readonly SendCheckpoint[]
  readonly intervalMs?: number
  readonly fileBytesMax?: number
}

/** What the newest checkpoint says of keys. */
export interface NewestCheckpoint {
  readonly key: string
  readonly nextKey: string | undefined
}

export interface Checkpoints {
  /** Makes one now. It does not throw: what fails is logged, and made up for by the next. */
  make(reason: Exclude<CheckpointReason, 'removal'>): Promise<void>
  /**
   * Announces what is about to be deleted.
   * @returns whether that is on stable storage: only then it may be deleted. Does not throw.
   */
  announceRemoval(removed: readonly RemovedSegments[]): Promise<boolean>
  /** Makes the last one. */
  close(): Promise<void>
}

/** Makes the first. @throws the file system's error, if what is there cannot be read. */
export async function openCheckpoints(options: CheckpointOptions): Promise<Checkpoints> {
  const { folder, log, intervalMs = AUDIT_CHECKPOINT_INTERVAL_MS } = options
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const newest = await readNewest(folder)
  const writer = new CheckpointWriter(options, newest, await openAppender(options, newest))
  let previous: Promise<boolean> = Promise.resolve(true)
  /** One after the other. */
  const inTurn = (work: () => Promise<void>) => {
    const failed = (err: unknown) => {
      log.error({ err, folder }, 'a checkpoint of the audit log could not be made; will try again')
      return false
    }
    previous = previous.then(work).then(() => true, failed)
    return previous
  }
  const make: Checkpoints['make'] = async (reason) => void (await inTurn(() => writer.write(reason)))
  await make('start')
  const timer = setInterval(() => void make('interval'), intervalMs).unref()
  return {
    make,
    announceRemoval: (removed) => inTurn(() => writer.announceRemoval(removed)),
    async close() {
      clearInterval(timer)
      await make('stop')
      await writer.sent()
    },
  }
}

function openAppender({ folder, fileBytesMax = AUDIT_CHECKPOINT_FILE_BYTES_MAX }: CheckpointOptions, newest: Newest) {
  return CheckpointAppender.open(folder, fileBytesMax, newest.file, newest.length)
}

interface Newest {
  readonly file: { readonly number: number; readonly path: string } | undefined
  /** Of its whole lines, in bytes. */
  readonly length: number
  readonly line: string | undefined
  /** What the newest file says of streams, by id; all others were told before its first checkpoint. */
  readonly told: ReadonlyMap<string, Told>
  readonly from: number
}

interface Told {
  readonly hash: string
  /** Of the checkpoint, milliseconds since the epoch. */
  readonly time: number
}

/** Of the newest file alone: what older ones told of a stream may be told again then, which harms nobody. */
async function readNewest(folder: string): Promise<Newest> {
  const file = (await listCheckpointFiles(folder)).at(-1)
  const told = new Map<string, Told>()
  if (file === undefined) return { file, length: 0, line: undefined, told, from: 0 }
  const lines = ((await readCheckpointLines(file.path)) ?? []).filter(({ isWhole }) => isWhole)
  let length = 0
  let from = 0
  for (const { text } of lines) {
    length += Buffer.byteLength(text) + 1
    const { time = 0, streams = [] } = readCheckpoint(text) ?? {}
    // Of the first file nothing was told before.
    if (from === 0 && file.number > 0) from = time
    for (const { stream, hash } of streams) told.set(stream, { hash, time })
  }
  return { file, length, line: lines.at(-1)?.text, told, from }
}

class CheckpointWriter {
  readonly #options: CheckpointOptions
  readonly #appender: CheckpointAppender
  readonly #walk: StreamWalk
  readonly #told: Map<string, Told>
  readonly #places: readonly Place[]
  #previous: string
  #number: number
  #newest: NewestCheckpoint | undefined

  constructor(options: CheckpointOptions, { line, told, from }: Newest, appender: CheckpointAppender) {
    this.#options = options
    this.#appender = appender
    this.#walk = new StreamWalk(options.folder, (stream) => told.get(stream)?.time ?? from)
    this.#told = new Map(told)
    this.#places = options.send.map((send) => ({ send, unsent: [], sending: undefined }))
    const newest = line === undefined ? undefined : readCheckpoint(line)
    this.#previous = line === undefined ? NO_CHECKPOINT : checkpointHash(line)
    this.#number = newest === undefined ? 0 : newest.number + 1
    this.#newest = newest && { key: newest.key, nextKey: newest.nextKey }
  }

  async write(reason: CheckpointReason): Promise<void> {
    const grown = (await this.#walk.positions()).filter(({ stream, hash }) => this.#told.get(stream)?.hash !== hash)
    let at = 0
    do {
      const streams = grown.slice(at, at + AUDIT_CHECKPOINT_STREAMS_MAX)
      at += AUDIT_CHECKPOINT_STREAMS_MAX
      // A stop is one only once everything has been told.
      await this.#append(reason === 'stop' && at < grown.length ? 'interval' : reason, streams)
    } while (at < grown.length)
    this.#send()
  }

  async announceRemoval(removed: readonly RemovedSegments[]): Promise<void> {
    for (let at = 0; at < removed.length; at += AUDIT_REMOVALS_PER_CHECKPOINT_MAX) {
      await this.#append('removal', [], removed.slice(at, at + AUDIT_REMOVALS_PER_CHECKPOINT_MAX))
    }
    this.#send()
  }

  /** Waits a little for what is under way. */
  async sent(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, AUDIT_CHECKPOINT_SEND_MS_MAX)
    })
    await Promise.race([Promise.all(this.#places.map(({ sending }) => sending)), late])
    clearTimeout(timer)
  }

  async #append(
    reason: CheckpointReason,
    streams: readonly StreamPosition[],
    removed?: readonly RemovedSegments[],
  ): Promise<void> {
    const keys = await this.#options.keys(this.#newest)
    const { publicKey: key } = keys.current
    const nextKey = keys.next?.publicKey
    const time = this.#options.clock.now()
    const head = { number: this.#number, time, reason, previous: this.#previous }
    const line = signedCheckpoint({ ...head, streams, removed, key, nextKey }, keys.current)
    await this.#appender.append(line)
    this.#number++
    this.#previous = checkpointHash(line)
    this.#newest = { key, nextKey }
    for (const { stream, hash } of streams) this.#told.set(stream, { hash, time })
    for (const { unsent, sending } of this.#places) {
      unsent.push(line)
      // The first of them may be on its way.
      if (unsent.length > AUDIT_CHECKPOINTS_UNSENT_MAX) unsent.splice(sending === undefined ? 0 : 1, 1)
    }
    if (nextKey !== undefined) await keys.promote()
  }

  /** A place that does not answer keeps no checkpoint from being made, and no other place from being sent it. */
  #send(): void {
    for (const place of this.#places) {
      place.sending ??= this.#sendTo(place).finally(() => {
        place.sending = undefined
      })
    }
  }

  /** In order. Where one is not taken, the others wait. */
  async #sendTo({ unsent, send }: Place): Promise<void> {
    try {
      for (let line = unsent[0]; line !== undefined; line = unsent[0]) {
        await send(line)
        unsent.shift()
      }
    } catch (error) {
      const { message: problem } = error as Error
      this.#options.log.warn({ problem, waiting: unsent.length }, 'a checkpoint was not taken where it is kept as well')
    }
  }
}

/** Where checkpoints are kept as well. */
interface Place {
  readonly send: SendCheckpoint
  /** Oldest first. */
  readonly unsent: string[]
  /** While some are on their way. */
  sending: Promise<void> | undefined
}
