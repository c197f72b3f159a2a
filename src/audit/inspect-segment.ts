/** Reads a whole segment by itself, also before it is removed or compressed: only what is as it was written may be. */
import { readOpenRecord } from './previous-streams.ts'
import { readSegment } from './read-segment.ts'
import { type Segment, streamName } from './stream-names.ts'

export interface InspectedSegment {
  /** Hex: what its first frame continues. */
  readonly previousHash: string
  /** Sequence number of its first record. */
  readonly sequence: number
  /** Records in the stream up to its end. */
  readonly records: number
  /** Of its last frame, hex. */
  readonly hash: string
  /** Of its newest frame, milliseconds since the epoch. */
  readonly until: number
  /** Of the first segment of a stream: the process that wrote it. */
  readonly node: string | undefined
  /** Of all frames. */
  readonly length: number
}

/** @returns why it is not as it was written, where it is not, or cannot be read. @throws the file system's error */
export async function inspectSegment({ path, stream }: Segment): Promise<InspectedSegment | string> {
  let inspected: InspectedSegment | undefined
  for await (const item of readSegment(path, { endsUnreadable: true })) {
    if ('end' in item) {
      const { state, offset, fault } = item.end
      if (state !== 'clean') return `is ${state} at byte ${offset}: ${fault}`
      return inspected ?? 'has no frame'
    }
    const { frame, offset } = item
    if (streamName(frame.streamId) !== stream) return `has a frame of another stream at byte ${offset}`
    const continues =
      inspected === undefined ||
      (frame.previousHash.toString('hex') === inspected.hash && frame.sequence === inspected.records)
    if (!continues) return `has a frame at byte ${offset} that does not continue the one before it`
    inspected = {
      previousHash: inspected?.previousHash ?? frame.previousHash.toString('hex'),
      sequence: inspected?.sequence ?? frame.sequence,
      records: frame.sequence + frame.count,
      hash: frame.hash.toString('hex'),
      until: Math.max(inspected?.until ?? 0, frame.time),
      node: inspected?.node ?? readOpenRecord(frame)?.node,
      length: offset + frame.bytes.length,
    }
  }
  throw new Error(`no end of ${path}`)
}
