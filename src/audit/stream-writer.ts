/** One stream of the durable log: frames, one after the other, in segment files that rotate by size. */
import type { Clock } from '../base/clock.ts'
import { AUDIT_FRAME_BYTES_MAX } from '../base/limits.ts'
import type { AuditFiles } from './audit-files.ts'
import { encodeFrame, type FrameKind, hashOf, NO_HASH } from './frame.ts'
import type { OpenRecord } from './previous-streams.ts'
import { createStreamId, segmentPath, streamName } from './stream-names.ts'

export interface StreamOptions {
  /** It must exist. */
  readonly folder: string
  readonly openRecord: OpenRecord
  readonly clock: Clock
  readonly files: AuditFiles
  readonly segmentBytesMax: number
  readonly preallocationBytes: number
}

/** The disk took fewer bytes than it was given, as a full one does. */
export class ShortWriteError extends Error {
  readonly code = 'ESHORTWRITE'

  constructor(written: number, length: number) {
    super(`only ${written} of ${length} bytes were written`)
  }
}

/**
 * The caller awaits each method before it calls another. A method that throws has changed nothing that counts: the frame
 * may be on disk in part, at the place where the next attempt writes.
 */
export class StreamWriter {
  readonly name: string
  readonly #options: StreamOptions
  readonly #id: Buffer
  readonly #buffer = Buffer.allocUnsafeSlow(AUDIT_FRAME_BYTES_MAX)
  #segment = 0
  #file: number
  /** The next segment's file, where one was opened and the switch to it then failed. */
  #nextFile: number | undefined
  /** Length of the whole frames in the segment. */
  #end = 0
  /** Length of the segment's space: frames, then zeros. */
  #allocated = 0
  #sequence = 0
  #previousHash: Buffer = NO_HASH

  private constructor(options: StreamOptions, id: Buffer, file: number) {
    this.#options = options
    this.#id = id
    this.name = streamName(id)
    this.#file = file
  }

  /** Creates the stream and makes its open record durable. @throws the file system's error */
  static async open(options: StreamOptions): Promise<StreamWriter> {
    const { folder, files, openRecord } = options
    const id = createStreamId(openRecord.node, options.clock.now())
    const file = await files.create(segmentPath(folder, streamName(id), 0))
    const writer = new StreamWriter(options, id, file)
    try {
      await files.syncFolder(folder)
      await writer.#writeNote('open', openRecord)
      return writer
    } catch (error) {
      await files.close(file)
      throw error
    }
  }

  /** One frame of records; when this resolves it is on stable storage. @throws {ShortWriteError} or the file system's error */
  async writeRecords(lines: readonly string[]): Promise<void> {
    if (this.#end >= this.#options.segmentBytesMax) await this.#switchSegment()
    await this.#writeFrame('records', lines.length, `${lines.join('\n')}\n`)
  }

  /**
   * After a failed write: cuts off what it left, and continues in a new segment, since after a failed sync the state of the
   * old file's unsynced pages is unknown to everyone. `note` says why.
   */
  async resume(note: object): Promise<void> {
    if (this.#end > 0) await this.#switchSegment()
    else await this.#startOver()
    await this.#writeNote('resume', note)
  }

  /** Ends the stream with its close record. */
  async close(): Promise<void> {
    await this.#writeNote('close', { records: this.#sequence })
    await this.#options.files.truncate(this.#file, this.#end)
    await this.abandon()
  }

  /** Lets go of the files and leaves the stream as it is. */
  async abandon(): Promise<void> {
    const { files } = this.#options
    await files.close(this.#file)
    if (this.#nextFile !== undefined) await files.close(this.#nextFile)
  }

  #writeNote(kind: FrameKind, note: object): Promise<void> {
    return this.#writeFrame(kind, 0, `${JSON.stringify(note)}\n`)
  }

  async #writeFrame(kind: FrameKind, count: number, text: string): Promise<void> {
    const header = {
      kind,
      streamId: this.#id,
      sequence: this.#sequence,
      count,
      time: this.#options.clock.now(),
      previousHash: this.#previousHash,
    }
    const length = encodeFrame(this.#buffer, header, text)
    if (this.#end + length > this.#allocated) await this.#allocate(length)
    const written = await this.#options.files.writeDurably(this.#file, this.#buffer.subarray(0, length), this.#end)
    if (written !== length) throw new ShortWriteError(written, length)
    this.#end += length
    this.#sequence += count
    this.#previousHash = hashOf(this.#buffer, length)
  }

  /**
   * Lays out zeros where the next frames will go: writing over them changes no file metadata, which on a journalling file
   * system saves most of a sync. Only worth an attempt: where it fails, the frame's own write tells what is wrong.
   */
  async #allocate(length: number): Promise<void> {
    const { files, preallocationBytes } = this.#options
    if (preallocationBytes > length) {
      try {
        await files.writeDurably(this.#file, Buffer.alloc(preallocationBytes), this.#end)
      } catch {}
    }
    // Also after a failure, so that a full disk is not asked again for every frame.
    this.#allocated = this.#end + Math.max(preallocationBytes, length)
  }

  /** In a segment that has no whole frame yet. */
  async #startOver(): Promise<void> {
    await this.#options.files.truncate(this.#file, 0)
    this.#allocated = 0
  }

  /** Every step may be repeated after a failure. */
  async #switchSegment(): Promise<void> {
    const { files, folder } = this.#options
    this.#nextFile ??= await files.create(segmentPath(folder, this.name, this.#segment + 1))
    await files.syncFolder(folder)
    await files.truncate(this.#file, this.#end)
    await files.close(this.#file)
    this.#file = this.#nextFile
    this.#nextFile = undefined
    this.#segment++
    this.#end = 0
    this.#allocated = 0
  }
}
