/**
 * A compressed segment: the seekable format of Zstandard (RFC 8878), version 0.1.0, so that a part can be read without all before it,
 * and `zstd -d` gives back the segment as it was. Frames of up to {@link CHUNK_BYTES} of the segment, each with its checksum, then a
 * skippable frame with the seek table; all integers are unsigned and little-endian:
 *
 * ```
 *  0  4  0x184D2A5E
 *  4  4  length of what follows: 8 n + 9
 *  8 8n  n entries: length of a frame, length of what it holds (4 bytes each)
 *  …  4  n
 *  …  1  0: the entries have no checksums
 *  …  4  0x8F92EAB1
 * ```
 */
import type { FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { constants, zstdCompressSync, zstdDecompress } from 'node:zlib'
import { AUDIT_COMPRESSED_CHUNKS_MAX } from '../base/limits.ts'

export const CHUNK_BYTES = 1024 * 1024
/** Zstandard's own bound (ZSTD_COMPRESSBOUND) for what cannot be compressed. */
const COMPRESSED_CHUNK_BYTES_MAX = CHUNK_BYTES + CHUNK_BYTES / 256

const SKIPPABLE_MAGIC = 0x184d2a5e
const SEEKABLE_MAGIC = 0x8f92eab1
const HEADER_BYTES = 8
const ENTRY_BYTES = 8
const FOOTER_BYTES = 9
const PARAMETERS = { [constants.ZSTD_c_checksumFlag]: 1 }

const decompress = promisify(zstdDecompress)

/** The file is not what was written. */
export class CompressedSegmentError extends Error {}

interface Chunk {
  /** In the file, and in the segment. */
  readonly at: number
  readonly length: number
  readonly from: number
  readonly to: number
}

/** Reads as if the segment had not been compressed. */
export class CompressedSegment {
  readonly #file: FileHandle
  readonly #chunks: readonly Chunk[]
  /** The one that was read last. */
  #chunk: Chunk | undefined
  #bytes: Buffer = Buffer.alloc(0)

  private constructor(file: FileHandle, chunks: readonly Chunk[]) {
    this.#file = file
    this.#chunks = chunks
  }

  /** @throws {CompressedSegmentError} */
  static async open(file: FileHandle): Promise<CompressedSegment> {
    return new CompressedSegment(file, await readSeekTable(file))
  }

  /** Of the segment. */
  get length(): number {
    return this.#chunks.at(-1)?.to ?? 0
  }

  /** As `FileHandle.read`. @returns how many bytes were read: to the end of a chunk at most. @throws {CompressedSegmentError} */
  async read(into: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    const chunk = this.#chunks.find(({ to }) => position < to)
    if (chunk === undefined || length === 0) return 0
    if (this.#chunk !== chunk) {
      this.#bytes = await this.#decompressed(chunk)
      this.#chunk = chunk
    }
    const start = position - chunk.from
    return this.#bytes.copy(into, offset, start, Math.min(start + length, this.#bytes.length))
  }

  async #decompressed({ at, length, from, to }: Chunk): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length)
    const { bytesRead } = await this.#file.read(bytes, 0, length, at)
    if (bytesRead !== length) throw new CompressedSegmentError(`it ends inside of the frame at byte ${at}`)
    try {
      const chunk = await decompress(bytes, { maxOutputLength: CHUNK_BYTES })
      if (chunk.length === to - from) return chunk
    } catch (cause) {
      throw new CompressedSegmentError(`the frame at byte ${at} cannot be decompressed`, { cause })
    }
    throw new CompressedSegmentError(`the frame at byte ${at} is not as long as the seek table says`)
  }
}

async function readSeekTable(file: FileHandle): Promise<readonly Chunk[]> {
  const { size } = await file.stat()
  const footer = await readAt(file, size - FOOTER_BYTES, FOOTER_BYTES)
  const count = footer.readUInt32LE(0)
  if (footer.readUInt32LE(5) !== SEEKABLE_MAGIC || footer[4] !== 0 || count > AUDIT_COMPRESSED_CHUNKS_MAX)
    throw noTable()
  const end = size - FOOTER_BYTES - count * ENTRY_BYTES - HEADER_BYTES
  const table = await readAt(file, end, HEADER_BYTES + count * ENTRY_BYTES)
  const isTable =
    table.readUInt32LE(0) === SKIPPABLE_MAGIC && table.readUInt32LE(4) === count * ENTRY_BYTES + FOOTER_BYTES
  if (!isTable) throw noTable()
  const chunks: Chunk[] = []
  let at = 0
  let from = 0
  for (let entry = HEADER_BYTES; entry < table.length; entry += ENTRY_BYTES) {
    const length = table.readUInt32LE(entry)
    const to = from + table.readUInt32LE(entry + 4)
    // Somebody else's table must not decide how much memory a reader takes.
    if (length > COMPRESSED_CHUNK_BYTES_MAX || to - from > CHUNK_BYTES || to === from) throw noTable()
    chunks.push({ at, length, from, to })
    at += length
    from = to
  }
  if (at !== end) throw noTable()
  return chunks
}

function noTable(): CompressedSegmentError {
  return new CompressedSegmentError('its seek table is altered')
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  if (position < 0 || (await file.read(bytes, 0, length, position)).bytesRead !== length) throw noTable()
  return bytes
}

/** Makes what stands in the file, part by part. */
export class SegmentCompressor {
  readonly #entries: Buffer[] = []

  /** @param chunk {@link CHUNK_BYTES}, or what is left at the end. Takes a few milliseconds. */
  compress(chunk: Uint8Array): Buffer {
    const compressed = zstdCompressSync(chunk, { params: PARAMETERS })
    this.#entries.push(pairOf(compressed.length, chunk.length))
    return compressed
  }

  /** What comes after the last part. */
  seekTable(): Buffer {
    const length = this.#entries.length * ENTRY_BYTES + FOOTER_BYTES
    const footer = Buffer.alloc(FOOTER_BYTES)
    footer.writeUInt32LE(this.#entries.length, 0)
    footer.writeUInt32LE(SEEKABLE_MAGIC, 5)
    return Buffer.concat([pairOf(SKIPPABLE_MAGIC, length), ...this.#entries, footer])
  }
}

function pairOf(first: number, second: number): Buffer {
  const pair = Buffer.alloc(ENTRY_BYTES)
  pair.writeUInt32LE(first, 0)
  pair.writeUInt32LE(second, 4)
  return pair
}
