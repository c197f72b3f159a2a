/**
 * Which segments of a log are no longer to be kept. Of each stream the oldest go first, and only what
 *
 * - nothing is written to any more,
 * - is as it was written, and continues what was removed before,
 * - a signed checkpoint vouches for,
 * - has been delivered, where it is to be.
 *
 * Nothing is changed here: what is planned is announced by a checkpoint, and then deleted (`delete-removed.ts`).
 */
import { AUDIT_SEGMENTS_REMOVED_AT_ONCE_MAX } from '../../base/limits.ts'
import type { RemovedSegments } from '../checkpoints/checkpoint.ts'
import { NO_HASH } from '../frame.ts'
import { type InspectedSegment, inspectSegment } from '../inspect-segment.ts'
import { firstFrame } from '../read-segment.ts'
import { isCompressed, segmentStat } from '../segment-file.ts'
import { listStreams, type Segment, startOfStream } from '../stream-names.ts'
import { isFinished } from './finished.ts'
import type { SegmentFault } from './segment-fault.ts'
import { isVouchedFor, lookUpTold, type Told } from './told.ts'

export interface RetentionRules {
  /** A segment goes when its newest record is older; `undefined`: not because of its age. */
  readonly ageMsMax: number | undefined
  /** The oldest go while all segments together take more; `undefined`: not because of that. */
  readonly bytesMax: number | undefined
}

export interface RemovalPlan {
  readonly removed: readonly RemovedSegments[]
  readonly faults: readonly SegmentFault[]
}

export interface RemovalOptions {
  readonly folder: string
  readonly rules: RetentionRules
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Of streams that nobody can be writing to. */
  readonly ended: ReadonlySet<string>
  /** Whether all records of the segment have been delivered where they are to be. */
  readonly isDelivered: (segment: Segment, length: number) => boolean
}

/** The oldest segment that is left of a stream. */
interface Head {
  readonly segment: Segment
  readonly following: readonly Segment[]
  /** Of its first frame. */
  readonly from: number
  /** Not before its newest frame: when the next one begins, or it was last written to. */
  readonly to: number
}

export async function planRemoval(options: RemovalOptions): Promise<RemovalPlan> {
  const { ageMsMax, bytesMax } = options.rules
  if (ageMsMax === undefined && bytesMax === undefined) return { removed: [], faults: [] }
  const streams = await listStreams(options.folder)
  const plan = new Planning(options, await sizeOf(streams.flatMap(({ segments }) => segments)))
  const heads: Head[] = []
  for (const { stream, segments } of streams) {
    // Of a log that is kept long most streams are younger, and none of their files need be opened.
    if (!plan.isOversize && !plan.isTooOld(startOfStream(stream))) continue
    const head = await plan.headOf(segments)
    if (head !== undefined && (plan.mayBeDue(head) || plan.isOversize)) heads.push(head)
  }
  if (heads.length > 0) {
    const firsts = heads.map(({ segment: { stream, number } }) => [stream, number] as const)
    plan.told = await lookUpTold(options.folder, new Map(firsts))
    await plan.removeFrom(heads)
  }
  return { removed: [...plan.removed.values()], faults: plan.faults }
}

const BLOCK_BYTES = 512

/** On the disk: a file can be long and hold nothing (a hole), and whoever may make one would have all others removed for it. */
async function sizeOf(segments: readonly Segment[]): Promise<number> {
  const stats = await Promise.all(segments.map(({ path }) => segmentStat(path)))
  return stats.reduce((bytes, found) => bytes + (found ? Math.min(found.size, found.blocks * BLOCK_BYTES) : 0), 0)
}

class Planning {
  readonly #options: RemovalOptions
  #bytes: number
  told: ReadonlyMap<string, Told> = new Map()
  readonly removed = new Map<string, RemovedSegments>()
  readonly faults: SegmentFault[] = []

  constructor(options: RemovalOptions, bytes: number) {
    this.#options = options
    this.#bytes = bytes
  }

  get isOversize(): boolean {
    return this.#bytes > (this.#options.rules.bytesMax ?? Number.POSITIVE_INFINITY)
  }

  isTooOld(time: number): boolean {
    const { rules, now } = this.#options
    return time < now - (rules.ageMsMax ?? Number.POSITIVE_INFINITY)
  }

  /** `undefined`: nothing of the stream is to be removed. */
  async headOf([segment, ...following]: readonly Segment[]): Promise<Head | undefined> {
    if (segment === undefined) return undefined
    const first = await firstFrame(segment.path)
    const next = following[0] && (await firstFrame(following[0].path))
    const to = next?.time ?? (await segmentStat(segment.path))?.mtimeMs
    if (first !== undefined && to !== undefined) return { segment, following, from: first.time, to }
    // One that is just being opened is empty.
    if (next !== undefined || isCompressed(segment.path)) this.#fault(segment, 'has no first frame')
    return this.#passOver([segment, ...following])
  }

  /** Before all of it is read. */
  mayBeDue({ to }: Head): boolean {
    return this.isTooOld(to)
  }

  /** Oldest first, across streams. */
  async removeFrom(heads: readonly Head[]): Promise<void> {
    const queue = [...heads]
    for (let count = 0; queue.length > 0 && count < AUDIT_SEGMENTS_REMOVED_AT_ONCE_MAX; count++) {
      queue.sort((left, right) => left.from - right.from)
      const head = queue.shift()!
      if (!(await this.#remove(head))) continue
      const next = await this.headOf(head.following)
      if (next !== undefined) queue.push(next)
    }
  }

  async #remove(head: Head): Promise<boolean> {
    const { segment } = head
    if (!this.isOversize && !this.mayBeDue(head)) return false
    if (!(await isFinished(segment, head.following[0], this.#options.ended))) return false
    const inspected = await inspectSegment(segment)
    if (typeof inspected === 'string') return this.#keep(head, inspected)
    if (!this.isOversize && !this.isTooOld(inspected.until)) return false
    const { stream, number } = segment
    const told = this.told.get(stream)
    const before = this.removed.get(stream) ?? told?.removed
    if (!continues(inspected, number, before)) {
      return this.#keep(head, 'does not continue what was removed before it')
    }
    if (!isVouchedFor(inspected, told) || !this.#options.isDelivered(segment, inspected.length)) return false
    const { records, hash, until } = inspected
    const node = before?.node ?? inspected.node ?? '?'
    const newest = Math.max(until, before?.until ?? 0)
    this.removed.set(stream, { stream, node, segments: number + 1, records, hash, until: newest })
    this.#bytes -= await sizeOf([segment])
    return true
  }

  async #keep({ segment, following }: Head, problem: string): Promise<false> {
    this.#fault(segment, problem)
    await this.#passOver([segment, ...following])
    return false
  }

  #fault({ path }: Segment, problem: string): void {
    this.faults.push({ path, problem })
  }

  /** What stays as evidence comes on top of the bound: nothing younger goes in its place. */
  async #passOver(segments: readonly Segment[]): Promise<undefined> {
    this.#bytes -= await sizeOf(segments)
  }
}

function continues(
  { previousHash, sequence }: InspectedSegment,
  number: number,
  before: RemovedSegments | undefined,
): boolean {
  if (number === 0) return sequence === 0 && previousHash === NO_HASH.toString('hex')
  return before?.segments === number && before.records === sequence && before.hash === previousHash
}
