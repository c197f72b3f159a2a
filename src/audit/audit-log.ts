/**
 * The durable audit log: group commit (audit.md section 9) and failing closed (G-3).
 *
 * Lines collect while a write is under way; then all of them go out as one frame, and all who wait for them resolve. The
 * batches adapt to the disk by themselves, and nobody waits for a timer.
 */
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { KmsError } from '../base/errors.ts'
import {
  AUDIT_BATCH_BYTES_MAX,
  AUDIT_PREALLOCATION_BYTES,
  AUDIT_QUEUE_BYTES_MAX,
  AUDIT_RECORD_BYTES_MAX,
  AUDIT_RETRY_MS_MAX,
  AUDIT_RETRY_MS_MIN,
  AUDIT_SEGMENT_BYTES_MAX,
  AUDIT_WRITE_TIMEOUT_MS,
  FREE_SPACE_BYTES_CHANGES_MIN,
  FREE_SPACE_BYTES_MIN,
  FREE_SPACE_BYTES_RESERVE,
  FREE_SPACE_BYTES_WARN,
  FREE_SPACE_INTERVAL_MS,
} from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { type AuditFiles, systemFiles } from './audit-files.ts'
import type { AuditSink } from './audit-record.ts'
import { hasCheckpoints } from './checkpoints/checkpoint-files.ts'
import { DiskSpace, type SpaceLimits } from './disk-space.ts'
import { readPreviousStreams } from './previous-streams.ts'
import { StreamWriter } from './stream-writer.ts'

export interface AuditLog extends AuditSink {
  figures(): AuditFigures
  /** Writes what waits, ends the stream and lets go of its files. Calls after it are refused. It does not throw. */
  close(): Promise<void>
}

/** How the log is now. */
export interface AuditFigures {
  /** Records that wait for the disk, in UTF-16 units. */
  readonly queuedBytes: number
  /** False while calls are refused. */
  readonly isWritable: boolean
  /** As of the last look; `undefined`: it is on no disk. */
  readonly freeBytes: number | undefined
}

/** Told by those who write; never fails, never waits. */
export interface AuditObserver {
  /** With one write; `ms` until they were on stable storage. */
  written(records: number, ms: number): void
  /** Before its work was done, or when its record was to be kept. */
  refused(reason: 'unavailable' | 'throttled', records: number): void
}

export interface AuditLimits {
  readonly writeTimeoutMs: number
  readonly retryMsMin: number
  readonly retryMsMax: number
  readonly queueBytesMax: number
  readonly segmentBytesMax: number
  /** 0: segments grow with each frame. */
  readonly preallocationBytes: number
  readonly space: SpaceLimits
}

export const AUDIT_LIMITS: AuditLimits = Object.freeze({
  writeTimeoutMs: AUDIT_WRITE_TIMEOUT_MS,
  retryMsMin: AUDIT_RETRY_MS_MIN,
  retryMsMax: AUDIT_RETRY_MS_MAX,
  queueBytesMax: AUDIT_QUEUE_BYTES_MAX,
  segmentBytesMax: AUDIT_SEGMENT_BYTES_MAX,
  preallocationBytes: AUDIT_PREALLOCATION_BYTES,
  space: Object.freeze({
    warnBelowBytes: FREE_SPACE_BYTES_WARN,
    refuseChangesBelowBytes: FREE_SPACE_BYTES_CHANGES_MIN,
    refuseAllBelowBytes: FREE_SPACE_BYTES_MIN,
    reserveBytes: FREE_SPACE_BYTES_RESERVE,
    intervalMs: FREE_SPACE_INTERVAL_MS,
  }),
})

export interface AuditLogOptions {
  /** Created, mode 0700, if it does not exist. */
  readonly folder: string
  readonly node: string
  readonly clock: Clock
  readonly softwareVersion: string
  readonly log: Log
  /** Hash of the configuration in force, hex. */
  readonly configurationHash?: string
  readonly limits?: Partial<AuditLimits>
  readonly files?: AuditFiles
  readonly observer?: AuditObserver | undefined
}

/** Opens a new stream in the folder. @throws the file system's error, with a sentence around it */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const folder = resolve(options.folder)
  const { files = systemFiles } = options
  try {
    await prepareFolder(folder, files, options.log)
    return await GroupCommitLog.open({ ...options, folder }, files)
  } catch (cause) {
    throw new Error(`The audit log in ${folder} cannot be opened: ${(cause as Error).message}`, { cause })
  }
}

async function prepareFolder(folder: string, files: AuditFiles, log: Log): Promise<void> {
  const created = await mkdir(folder, { recursive: true, mode: 0o700 })
  // A folder whose own name is lost in a power cut takes its records along.
  for (let path = folder; created !== undefined && path.length >= created.length; path = dirname(path)) {
    await files.syncFolder(dirname(path))
  }
  const { mode } = await stat(folder)
  // Records show who uses which key, and encryption contexts in clear (audit.md section 10, confidentiality).
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    log.warn(
      { folder, mode: (mode & 0o777).toString(8) },
      'Others than the owner may enter the folder of the audit log.',
    )
  }
}

function unavailable(cause?: unknown): KmsError {
  const text = 'The request was rejected because an internal exception occurred. The request can be retried.'
  return new KmsError('KMSInternalException', text, { cause })
}

/** operations.md 1.10 */
function throttled(): KmsError {
  const text = 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.'
  return new KmsError('ThrottlingException', text)
}

const OUT_OF_SPACE: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'ESHORTWRITE'])

function isOutOfSpace(error: unknown): boolean {
  return OUT_OF_SPACE.has((error as NodeJS.ErrnoException).code)
}

/** Lines that become one frame; one promise for all who wait for it. */
interface Batch {
  readonly lines: string[]
  /** UTF-16 units with line ends: exact for ASCII, and free to count. */
  length: number
  readonly written: PromiseWithResolvers<void>
}

function createBatch(): Batch {
  return { lines: [], length: 0, written: Promise.withResolvers() }
}

class GroupCommitLog implements AuditLog {
  readonly #log: Log
  readonly #limits: AuditLimits
  readonly #clock: Clock
  readonly #observer: AuditObserver | undefined
  readonly #stream: StreamWriter
  readonly #space: DiskSpace
  readonly #watchdog: NodeJS.Timeout
  /** In order; lines are added to the last. */
  #queue: Batch[] = []
  #inFlight: Batch | undefined
  /** On the monotonic clock. */
  #inFlightSince = 0
  /** Of a write that was given up and yet has ended well: who brings such a line again must not have it in the log twice. */
  #lateLines: Set<string> | undefined
  /** Length of all batches, the one in flight included. */
  #queuedBytes = 0
  /** Settles when nothing is left to write. */
  #running: Promise<void> | undefined
  /** Why records cannot be kept; `undefined`: they can. */
  #failure: Error | undefined
  #failedAt = 0
  #refusedAppends = 0
  #closed: Promise<void> | undefined
  /** Ends the pause under way. */
  #wake: () => void = () => {}

  static async open(options: AuditLogOptions, files: AuditFiles): Promise<GroupCommitLog> {
    const limits = { ...AUDIT_LIMITS, ...options.limits }
    const { folder, clock, node, softwareVersion, configurationHash } = options
    const previousStreams = await readPreviousStreams(folder)
    const checkpoints = (await hasCheckpoints(folder)) ? (true as const) : undefined
    const openRecord = { node, softwareVersion, configurationHash, checkpoints, previousStreams }
    const { segmentBytesMax, preallocationBytes } = limits
    const stream = await StreamWriter.open({ folder, openRecord, clock, files, segmentBytesMax, preallocationBytes })
    const log = new GroupCommitLog(options, limits, files, stream)
    try {
      await log.#space.start()
      return log
    } catch (error) {
      await log.close()
      throw error
    }
  }

  private constructor(options: AuditLogOptions, limits: AuditLimits, files: AuditFiles, stream: StreamWriter) {
    const { folder, log } = options
    this.#log = log
    this.#limits = limits
    this.#clock = options.clock
    this.#observer = options.observer
    this.#stream = stream
    const onLost = (error: Error) => this.#fail(error)
    this.#space = new DiskSpace({ folder, stream: stream.name, files, limits: limits.space, log, onLost })
    // One timer for all writes: each write winds it up anew, and it may go off idle.
    this.#watchdog = setTimeout(() => this.#checkTimeout(), limits.writeTimeoutMs)
    this.#watchdog.unref()
  }

  admit(changes: boolean): void {
    if (this.#failure !== undefined || this.#closed !== undefined || this.#space.refuses(changes)) {
      this.#observer?.refused('unavailable', 1)
      throw unavailable(this.#failure)
    }
    if (this.#queuedBytes > this.#limits.queueBytesMax) {
      this.#observer?.refused('throttled', 1)
      throw throttled()
    }
  }

  figures(): AuditFigures {
    const isWritable = this.#failure === undefined && this.#closed === undefined && !this.#space.refuses(true)
    return { queuedBytes: this.#queuedBytes, isWritable, freeBytes: this.#space.freeBytes }
  }

  append(line: string): Promise<void> {
    const length = line.length + 1
    if (this.#failure !== undefined || this.#closed !== undefined || this.#isOverfull(line)) {
      this.#refusedAppends++
      this.#observer?.refused('unavailable', 1)
      return Promise.reject(unavailable(this.#failure))
    }
    if (this.#lateLines?.delete(line)) return Promise.resolve()
    let batch = this.#queue.at(-1)
    if (batch === undefined || batch.length + length > AUDIT_BATCH_BYTES_MAX) {
      batch = createBatch()
      this.#queue.push(batch)
    }
    batch.lines.push(line)
    batch.length += length
    this.#queuedBytes += length
    this.#running ??= this.#run()
    return batch.written.promise
  }

  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  /** Calls that were admitted may still add to a full queue, but not without end; and a frame holds no longer line. */
  #isOverfull(line: string): boolean {
    return this.#queuedBytes > 2 * this.#limits.queueBytesMax || line.length > AUDIT_RECORD_BYTES_MAX
  }

  /** Waits for the end of this turn of the event loop, so that all requests it brought share the first frame. */
  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    for (;;) {
      if (this.#failure !== undefined && !(await this.#recover())) break
      const batch = this.#queue.shift()
      if (batch === undefined) break
      await this.#commit(batch)
    }
    this.#running = undefined
  }

  async #commit(batch: Batch): Promise<void> {
    this.#inFlight = batch
    this.#inFlightSince = performance.now()
    this.#watchdog.refresh()
    try {
      await this.#write(batch.lines)
      // `#inFlight` is another batch or none if this one was given up meanwhile.
      if (this.#inFlight !== batch) this.#lateLines = new Set(batch.lines)
    } catch (error) {
      this.#fail(error as Error)
    }
    if (this.#inFlight !== batch) return
    this.#inFlight = undefined
    this.#queuedBytes -= batch.length
    this.#observer?.written(batch.lines.length, performance.now() - this.#inFlightSince)
    batch.written.resolve()
  }

  async #write(lines: readonly string[]): Promise<void> {
    try {
      await this.#stream.writeRecords(lines)
    } catch (error) {
      if (!isOutOfSpace(error) || !(await this.#space.release())) throw error
      await this.#stream.writeRecords(lines)
    }
  }

  /** Where this process did not run itself, the disk may have answered long ago, and is heard after this timer: hence a moment more. */
  #checkTimeout(): void {
    const batch = this.#inFlight
    if (batch === undefined) return
    const { writeTimeoutMs } = this.#limits
    const lateMs = performance.now() - this.#inFlightSince - writeTimeoutMs
    const check = () => {
      if (this.#inFlight === batch) this.#fail(this.#stalled())
    }
    setTimeout(check, Math.min(lateMs, writeTimeoutMs)).unref()
  }

  /** G-3: gives up everything that waits; calls are refused until {@link #recover} could write again. */
  #fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#failedAt = this.#clock.now()
    this.#log.error({ err: error }, 'The audit log cannot be written: all calls are refused until it can.')
    const given = this.#inFlight === undefined ? this.#queue : [this.#inFlight, ...this.#queue]
    this.#queue = []
    this.#inFlight = undefined
    this.#queuedBytes = 0
    for (const batch of given) {
      this.#refusedAppends += batch.lines.length
      this.#observer?.refused('unavailable', batch.lines.length)
      batch.written.reject(unavailable(error))
    }
    this.#running ??= this.#run()
  }

  /**
   * Tries until a frame can be written again. It begins only when the write that was given up has ended, so that this can
   * never land beside a later one; if it never ends, the disk is gone, and refusing is all that is left.
   * @returns false if the log was closed meanwhile
   */
  async #recover(): Promise<boolean> {
    for (let delayMs = this.#limits.retryMsMin; ; delayMs = Math.min(2 * delayMs, this.#limits.retryMsMax)) {
      if (this.#closed === undefined) await this.#pause(delayMs)
      if (this.#closed !== undefined) return false
      try {
        await this.#stream.resume(this.#interruption())
        break
      } catch (error) {
        if (isOutOfSpace(error)) await this.#space.release().catch(() => {})
      }
    }
    this.#log.info(this.#interruption(), 'The audit log can be written again.')
    this.#failure = undefined
    this.#refusedAppends = 0
    return true
  }

  /** Goes into the resume record: the log itself says when it could not be kept. */
  #interruption() {
    const { code, message } = this.#failure as NodeJS.ErrnoException
    const failedAt = new Date(this.#failedAt).toISOString()
    return { failedAt, reason: code ?? message, refusedRecords: this.#refusedAppends }
  }

  async #end(): Promise<void> {
    this.#wake()
    try {
      // The watchdog fails a write that the disk does not answer; it gets one more round, then it is left alone.
      for (let rounds = 0; this.#running !== undefined && rounds < 2; rounds += this.#failure === undefined ? 0 : 1) {
        await Promise.race([this.#running, this.#pause(this.#limits.writeTimeoutMs)])
      }
      await Promise.race([
        this.#letGo(),
        this.#pause(this.#limits.writeTimeoutMs).then(() => Promise.reject(this.#stalled())),
      ])
    } catch (err) {
      this.#log.error({ err }, 'The stream of the audit log ends without a close record.')
    }
  }

  async #letGo(): Promise<void> {
    clearTimeout(this.#watchdog)
    await this.#space.stop()
    if (this.#failure === undefined) return this.#stream.close()
    // The file of a write that never ended is left to the operating system.
    if (this.#running === undefined) await this.#stream.abandon()
    throw this.#failure
  }

  #stalled(): Error {
    return new Error(`no answer from the disk in ${this.#limits.writeTimeoutMs} ms`)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      setTimeout(resolve, ms).unref()
    })
  }
}
