/**
 * Checks an audit folder offline: needs no server, no key and little memory (audit.md section 10). It proves that what is there
 * fits together and to its checkpoints; that nothing was cut from its end, and that nobody wrote all of it anew, only an anchor can
 * prove: a checkpoint that was kept outside of the folder.
 */
import { instantText } from '../base/clock.ts'
import { AUDIT_CHECKPOINT_GAP_MS, AUDIT_FINDINGS_MAX } from '../base/limits.ts'
import type { RemovedSegments } from './checkpoints/checkpoint.ts'
import {
  type Anchor,
  type CheckedCheckpoints,
  type CheckpointGap,
  type CheckpointSummary,
  type RemovalSummary,
  type StreamClaim,
  type VerifiedRemovals,
  verifyCheckpoints,
} from './checkpoints/verify-checkpoints.ts'
import { type Frame, NO_HASH } from './frame.ts'
import { type InspectedSegment, inspectSegment } from './inspect-segment.ts'
import { readOpenRecord, type StreamEnd } from './previous-streams.ts'
import { isDamage, readSegment, type SegmentEnd } from './read-segment.ts'
import { listStreams, type Segment, type StreamSegments, streamName } from './stream-names.ts'

export interface AuditFinding {
  readonly path: string
  /** Byte in the file, where it is about one. */
  readonly offset: number | undefined
  /** What is wrong, without path and offset. */
  readonly text: string
}

export interface VerifiedStream {
  /** UUID text. */
  readonly stream: string
  /** Process that wrote it; `undefined` if its open record is gone. */
  readonly node: string | undefined
  /** Milliseconds since the epoch: first and last frame. */
  readonly from: number | undefined
  readonly to: number | undefined
  readonly segments: number
  readonly frames: number
  readonly records: number
  /** Hex; `undefined` without a frame. */
  readonly lastHash: string | undefined
  /** `open`: in use, or crashed and no later stream says so yet. */
  readonly state: 'open' | 'closed' | 'crashed'
}

export interface VerifyOptions {
  /** Checkpoints that were kept elsewhere. */
  readonly anchors?: readonly Anchor[]
}

export interface AuditReport {
  /** Oldest first. */
  readonly streams: readonly VerifiedStream[]
  readonly records: number
  /** `undefined`: the log has none, as those of earlier versions. */
  readonly checkpoints: CheckpointSummary | undefined
  /** What was removed on purpose, because of its age or the size of the log; `undefined`: nothing. */
  readonly removed: RemovalSummary | undefined
  /** Signs of tampering or loss; empty: the log is intact. At most `AUDIT_FINDINGS_MAX`. */
  readonly problems: readonly AuditFinding[]
  /** What a crash, or use of the log at this moment, explains. At most `AUDIT_FINDINGS_MAX`. */
  readonly warnings: readonly AuditFinding[]
}

/** @throws the file system's error where this user may not read */
export async function verifyAuditLog(folder: string, { anchors = [] }: VerifyOptions = {}): Promise<AuditReport> {
  const findings = new Findings()
  // First: a server that goes on meanwhile has then more in its streams than they say, and never less.
  const checkpoints = await verifyCheckpoints(folder, anchors, findings)
  const streams: StreamCheck[] = []
  for (const stream of await listStreams(folder)) {
    const check = await checkStream(stream, checkpoints, findings)
    if (check !== undefined) streams.push(check)
  }
  await checkpoints.removals.refresh()
  checkLinks(streams, checkpoints.removals, findings)
  checkClaims(folder, streams, checkpoints, findings)
  return {
    checkpoints: checkpoints.summary,
    removed: checkpoints.removals.summary(),
    streams: streams.map((stream) => stream.result()),
    records: streams.reduce((sum, { records }) => sum + records, 0),
    problems: findings.problems,
    warnings: findings.warnings,
  }
}

class Findings {
  readonly problems: AuditFinding[] = []
  readonly warnings: AuditFinding[] = []

  problem(path: string, offset: number | undefined, text: string): void {
    if (this.problems.length < AUDIT_FINDINGS_MAX) this.problems.push({ path, offset, text })
  }

  warning(path: string, offset: number | undefined, text: string): void {
    if (this.warnings.length < AUDIT_FINDINGS_MAX) this.warnings.push({ path, offset, text })
  }
}

/** @returns `undefined` of a stream that was removed as a whole. */
async function checkStream(
  { stream, segments }: StreamSegments,
  checkpoints: CheckedCheckpoints,
  findings: Findings,
): Promise<StreamCheck | undefined> {
  const { removals } = checkpoints
  const check = new StreamCheck(stream, segments, checkpoints, findings)
  const removed = removals.of(stream)
  const kept = segments.filter(({ number }) => number >= (removed?.segments ?? 0))
  const left = segments.slice(0, segments.length - kept.length)
  if (removed !== undefined) await checkLeft(left, removed, findings)
  if (kept.length === 0) return undefined
  /** Number of the segment that comes next. */
  let next = 0
  const passOverRemoved = () => {
    const removed = removals.of(stream)
    if (removed === undefined || removed.segments <= next) return
    check.continueBehind(removed)
    next = removed.segments
  }
  passOverRemoved()
  for (const [index, segment] of kept.entries()) {
    if (segment.number > next) {
      await removals.refresh()
      passOverRemoved()
    }
    // Removed while this was read.
    if (segment.number < next) continue
    if (segment.number > next) {
      findings.problem(segment.path, undefined, `${segment.number - next} segments before it are missing`)
      next = segment.number
    }
    try {
      for await (const item of readSegment(segment.path)) {
        if ('frame' in item) check.frame(item.frame, segment, item.offset)
        else check.segmentEnd(item.end, segment, index === kept.length - 1)
      }
    } catch (error) {
      if (!isDamage(error)) throw error
      await removals.refresh()
      passOverRemoved()
      if (segment.number < next) continue
      findings.problem(segment.path, undefined, `cannot be read: ${error.message}`)
    }
    next = segment.number + 1
  }
  // All that was there a moment ago may be removed by now.
  const isGone = !check.hasFrames && (removals.of(stream)?.segments ?? 0) > kept.at(-1)!.number
  return isGone ? undefined : check
}

/** Segments that are announced as removed and still there: they have to lead to the frame that their removal names. */
async function checkLeft(segments: readonly Segment[], removed: RemovedSegments, findings: Findings): Promise<void> {
  const told = 'is announced as removed and still there'
  let next = { number: removed.segments, sequence: removed.records, previousHash: removed.hash }
  for (const segment of segments.toReversed()) {
    let inspected: InspectedSegment | string
    try {
      inspected = await inspectSegment(segment)
    } catch (error) {
      if (!isDamage(error)) throw error
      // Deleted meanwhile, with those before it.
      return
    }
    const { number, sequence, previousHash } = next
    const leadsOn =
      typeof inspected === 'object' &&
      segment.number === number - 1 &&
      inspected.records === sequence &&
      inspected.hash === previousHash
    if (!leadsOn) {
      findings.problem(segment.path, undefined, `${told}, and is not what was removed`)
      return
    }
    findings.warning(segment.path, undefined, `${told}: being deleted, or a crash came between`)
    next = { ...(inspected as InspectedSegment), number: segment.number }
  }
}

/** Names of nodes that no server has. */
const WITHOUT_CHECKPOINTS = /^(?:start$|operator-)/

/** Of a frame. */
interface Place {
  readonly path: string
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** What one stream has shown so far. After a problem it takes the next frame's word, to find what else is wrong. */
class StreamCheck {
  readonly stream: string
  readonly previousStreams: StreamEnd[] = []
  readonly #segments: readonly Segment[]
  readonly #findings: Findings
  readonly #claims: readonly StreamClaim[]
  readonly #gaps: readonly CheckpointGap[]
  /** Claims that its frames have borne out, in their order. */
  #borneOut = 0
  /** The first frame behind the newest that a checkpoint tells of. */
  untold: Place | undefined
  /** Of its first record that no checkpoint was made at the time of. */
  #uncoveredAt: number | undefined
  saysCheckpoints = false
  #node: string | undefined
  #from: number | undefined
  #to: number | undefined
  #frames = 0
  records = 0
  #sequence = 0
  #hash: Buffer = NO_HASH
  #closed = false
  /** A later open record says that it ended without a close record. */
  crashed = false
  isTorn = false

  constructor(stream: string, segments: readonly Segment[], { claims, gaps }: CheckedCheckpoints, findings: Findings) {
    this.stream = stream
    this.#segments = segments
    this.#claims = claims.get(stream) ?? []
    this.#gaps = gaps
    this.#findings = findings
  }

  get lastHash(): string | undefined {
    return this.#frames === 0 ? undefined : this.#hash.toString('hex')
  }

  get hasFrames(): boolean {
    return this.#frames > 0
  }

  get lastPath(): string {
    return this.#segments.at(-1)!.path
  }

  get closed(): boolean {
    return this.#closed
  }

  get from(): number | undefined {
    return this.#from
  }

  /** The first that its frames do not bear out. */
  get falseClaim(): StreamClaim | undefined {
    return this.#claims[this.#borneOut]
  }

  /** Removed segments are vouched for by the checkpoint that announced it: what is kept has to follow them. */
  continueBehind(removed: RemovedSegments): void {
    this.#node = removed.node
    this.#sequence = removed.records
    this.#hash = Buffer.from(removed.hash, 'hex')
    while (this.falseClaim !== undefined && isBehind(this.falseClaim, removed)) this.#borneOut++
  }

  frame(frame: Frame, segment: Segment, offset: number): void {
    for (const text of this.#faults(frame, segment, offset)) this.#findings.problem(segment.path, offset, text)
    if (frame.kind === 'open') this.#readOpen(frame, segment.path, offset)
    this.#from ??= frame.time
    this.#to = frame.time
    this.#frames++
    this.records += frame.count
    this.#sequence = frame.sequence + frame.count
    this.#hash = frame.hash
    this.#closed = frame.kind === 'close'
    this.#compareClaims({ path: segment.path, offset, time: frame.time })
    if (frame.kind === 'records') this.#lookForCheckpoint(frame.time, segment.path, offset)
  }

  #compareClaims(place: Place): void {
    const before = this.#borneOut
    while (this.falseClaim !== undefined && this.falseClaim.hash === this.lastHash) this.#borneOut++
    if (this.#borneOut > before) this.untold = undefined
    else this.untold ??= place
  }

  /** Servers make checkpoints as long as they run; operators' commands, and what a start makes up for, run without. */
  #lookForCheckpoint(time: number, path: string, offset: number): void {
    if (this.#uncoveredAt !== undefined || this.#node === undefined || WITHOUT_CHECKPOINTS.test(this.#node)) return
    if (!this.#gaps.some(({ from, to }) => time > from && time < to)) return
    this.#uncoveredAt = time
    this.#findings.problem(
      path,
      offset,
      `was written at ${instantText(time)}, when no checkpoints were made: some are missing, or something kept the server from making them`,
    )
  }

  *#faults(frame: Frame, segment: Segment, offset: number): Generator<string> {
    const { kind } = frame
    if (streamName(frame.streamId) !== this.stream) yield 'belongs to another stream'
    if (!frame.previousHash.equals(this.#hash)) yield 'does not continue the frame before it'
    if (frame.sequence !== this.#sequence) yield `begins at record ${frame.sequence}, expected ${this.#sequence}`
    const lines = countLines(frame.payload)
    if (kind === 'records' ? lines !== frame.count || lines === 0 : lines !== 1 || frame.count !== 0) {
      yield `says that it holds ${frame.count} records and has ${lines} lines`
    }
    const isFirst = segment.number === 0 && offset === 0
    if ((kind === 'open') !== isFirst) yield isFirst ? 'is not an open record' : 'is an open record inside of a stream'
    if (kind === 'resume' && (segment.number === 0 || offset !== 0)) yield 'is a resume record inside of a segment'
    if (this.#closed) yield 'stands behind the close record'
  }

  #readOpen(frame: Frame, path: string, offset: number): void {
    const record = readOpenRecord(frame)
    if (record === undefined) {
      this.#findings.problem(path, offset, 'is an open record that cannot be read')
      return
    }
    this.#node = record.node
    this.saysCheckpoints = record.checkpoints === true
    this.previousStreams.push(...record.previousStreams)
  }

  segmentEnd({ state, offset, bytes, fault }: SegmentEnd, { path }: Segment, isLast: boolean): void {
    if (state === 'altered') {
      const rest =
        fault === 'not decompressed' ? 'what it holds from here on is' : `the ${bytes} bytes from here on are`
      this.#findings.problem(path, offset, `is altered: ${fault}; ${rest} not verified`)
    } else if (state === 'torn') {
      const text = `ends with ${bytes} bytes that are not a whole frame (${fault})`
      this.isTorn = true
      if (isLast && !this.#closed) this.#findings.warning(path, offset, `${text}: being written, or torn by a crash`)
      else this.#findings.problem(path, offset, text)
    } else if (offset === 0 && !isLast) {
      this.#findings.problem(path, offset, 'is empty, although another segment follows')
    }
  }

  result(): VerifiedStream {
    return {
      stream: this.stream,
      node: this.#node,
      from: this.#from,
      to: this.#to,
      segments: this.#segments.length,
      frames: this.#frames,
      records: this.records,
      lastHash: this.lastHash,
      state: this.#closed ? 'closed' : this.crashed ? 'crashed' : 'open',
    }
  }
}

/** Whether what a checkpoint says of a stream is about what was removed of it. A removal that came later may reach further. */
function isBehind(claim: Pick<StreamClaim, 'records' | 'hash'>, removed: Pick<RemovedSegments, 'records' | 'hash'>) {
  return claim.records < removed.records || claim.hash === removed.hash
}

/** Open records name the ends of earlier streams, so none of those can vanish or become shorter unseen. */
function checkLinks(streams: readonly StreamCheck[], removals: VerifiedRemovals, findings: Findings): void {
  const known = new Map(streams.map((stream) => [stream.stream, stream]))
  for (const { previousStreams, stream: by, lastPath } of streams) {
    for (const { stream, lastHash, closed } of previousStreams) {
      const named = known.get(stream)
      if (named === undefined) {
        if (removals.of(stream)?.hash === lastHash) continue
        findings.problem(lastPath, undefined, `names the stream ${stream}, which is missing`)
      } else if (named.lastHash !== lastHash || named.isTorn) {
        // Recovery cut it to whole frames before the later stream began.
        findings.problem(named.lastPath, undefined, `does not end as the later stream ${by} says`)
      } else if (!closed) {
        named.crashed = true
      }
    }
  }
  for (const stream of streams) {
    if (stream.lastHash === undefined) {
      findings.warning(stream.lastPath, undefined, 'has no whole frame: just being opened, or torn by a crash')
    } else if (!stream.closed && !stream.crashed) {
      findings.warning(stream.lastPath, undefined, 'has no close record: in use, ended by a crash, or cut')
    }
  }
}

function checkClaims(
  folder: string,
  streams: readonly StreamCheck[],
  { summary, claims, removals }: CheckedCheckpoints,
  findings: Findings,
): void {
  const known = new Set(streams.map(({ stream }) => stream))
  for (const [stream, ofStream] of claims) {
    const newest = ofStream.at(-1)!
    const removed = removals.of(stream)
    if (known.has(stream) || (removed !== undefined && isBehind(newest, removed))) continue
    const text = `lacks the stream ${stream}, which the checkpoint of ${instantText(newest.time)} tells of`
    findings.problem(folder, undefined, text)
  }
  for (const { falseClaim, lastPath } of streams) {
    if (falseClaim === undefined) continue
    const { records, time } = falseClaim
    const text = `does not hold what the checkpoint of ${instantText(time)} says of its first ${records} records: the end was cut, or it was written anew`
    findings.problem(lastPath, undefined, text)
  }
  const withCheckpoints = streams.filter(({ saysCheckpoints }) => saysCheckpoints)
  if (summary === undefined) {
    if (withCheckpoints.length > 0)
      findings.problem(folder, undefined, 'has no checkpoints, although its streams say that it had some')
    return
  }
  const since = summary.from - AUDIT_CHECKPOINT_GAP_MS
  if (withCheckpoints.some(({ from }) => from !== undefined && from < since)) {
    const text = `has no checkpoints from before ${instantText(summary.from)}, although streams of before say that it had some`
    findings.problem(folder, undefined, text)
  }
  const until = summary.to - AUDIT_CHECKPOINT_GAP_MS
  for (const { untold, falseClaim } of streams) {
    // A stream that is not what checkpoints say has been told of.
    if (untold === undefined || untold.time >= until || falseClaim !== undefined) continue
    const text = `says that it was written at ${instantText(untold.time)}, and no checkpoint since then tells of it: it was put there later`
    findings.problem(untold.path, untold.offset, text)
  }
}

function countLines(payload: Buffer): number {
  let lines = 0
  for (let at = payload.indexOf(0x0a); at !== -1; at = payload.indexOf(0x0a, at + 1)) lines++
  return payload.length === 0 || payload.at(-1) === 0x0a ? lines : lines + 1
}
