/** Watches the room that is left for the audit log, and keeps a reserve for its last records (audit.md G-4). */
import type { Log } from '../base/log.ts'
import type { AuditFiles } from './audit-files.ts'
import { reservePath } from './stream-names.ts'

/** Bytes of free space below which … */
export interface SpaceLimits {
  /** … the operator is warned, */
  readonly warnBelowBytes: number
  /** … changes are refused, */
  readonly refuseChangesBelowBytes: number
  /** … everything is refused. */
  readonly refuseAllBelowBytes: number
  /** Size of the reserve file; 0: none. */
  readonly reserveBytes: number
  readonly intervalMs: number
}

export interface DiskSpaceOptions {
  readonly folder: string
  /** Names the reserve file: each process has its own. */
  readonly stream: string
  readonly files: AuditFiles
  readonly limits: SpaceLimits
  readonly log: Log
  /** The folder cannot be asked any more: it was removed, or its disk is gone. */
  onLost(error: Error): void
}

const LEVELS = ['enough', 'low', 'changes refused', 'all refused'] as const
type Level = (typeof LEVELS)[number]

const RESERVE_WRITE_BYTES = 256 * 1024

export class DiskSpace {
  readonly #options: DiskSpaceOptions
  #level: Level = 'enough'
  #freeBytes = 0
  #reserveHeld = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: DiskSpaceOptions) {
    this.#options = options
  }

  /** As of the last look. */
  get freeBytes(): number {
    return this.#freeBytes
  }

  /** Looks once, then every interval. @throws the file system's error */
  async start(): Promise<void> {
    await this.#look()
    this.#wait()
  }

  /** Says whether a call must be refused before it begins. */
  refuses(changes: boolean): boolean {
    return this.#level !== 'enough' && (this.#level === 'all refused' || (changes && this.#level === 'changes refused'))
  }

  /** The disk is full: gives the reserve back to it and refuses all new calls until it can be kept again. */
  async release(): Promise<boolean> {
    if (!this.#reserveHeld) return false
    const { files, folder, stream, log } = this.#options
    this.#reserveHeld = false
    this.#setLevel('all refused', 0)
    await files.remove(reservePath(folder, stream))
    log.error({ folder }, 'The disk of the audit log is full: its reserve is in use and all calls are refused.')
    return true
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    if (!this.#reserveHeld) return
    this.#reserveHeld = false
    await this.#options.files.remove(reservePath(this.#options.folder, this.#options.stream))
  }

  #wait(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#look()
        .catch((error: Error) => this.#options.onLost(error))
        .finally(() => this.#wait())
    }, this.#options.limits.intervalMs)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    const { files, folder, limits } = this.#options
    const freeBytes = await files.freeBytes(folder)
    this.#freeBytes = freeBytes
    if (this.#stopped) return
    const missing = limits.reserveBytes > 0 && !this.#reserveHeld
    if (missing && freeBytes >= limits.refuseAllBelowBytes + limits.reserveBytes) await this.#makeReserve()
    this.#setLevel(this.#levelOf(freeBytes), freeBytes)
  }

  #levelOf(freeBytes: number): Level {
    const { limits } = this.#options
    if (freeBytes < limits.refuseAllBelowBytes || (limits.reserveBytes > 0 && !this.#reserveHeld)) return 'all refused'
    if (freeBytes < limits.refuseChangesBelowBytes) return 'changes refused'
    return freeBytes < limits.warnBelowBytes ? 'low' : 'enough'
  }

  #setLevel(level: Level, freeBytes: number): void {
    if (level === this.#level) return
    const { log, folder } = this.#options
    const worse = LEVELS.indexOf(level) > LEVELS.indexOf(this.#level)
    this.#level = level
    log[worse ? 'warn' : 'info']({ folder, freeBytes }, `Free space for the audit log: ${level}.`)
  }

  /** Written, not only sized: a hole would take its blocks when there are none left. */
  async #makeReserve(): Promise<void> {
    const { files, folder, stream, limits, log } = this.#options
    const path = reservePath(folder, stream)
    try {
      await files.remove(path)
      const file = await files.create(path)
      try {
        const zeros = Buffer.alloc(RESERVE_WRITE_BYTES)
        for (let at = 0; at < limits.reserveBytes; at += zeros.length) {
          const part = zeros.subarray(0, Math.min(zeros.length, limits.reserveBytes - at))
          if ((await files.writeDurably(file, part, at)) !== part.length) throw new Error('short write')
        }
      } finally {
        await files.close(file)
      }
      this.#reserveHeld = true
    } catch (err) {
      log.warn({ err, folder }, 'The reserve of the audit log cannot be made.')
      await files.remove(path).catch(() => {})
    }
    if (this.#stopped) await this.stop()
  }
}
