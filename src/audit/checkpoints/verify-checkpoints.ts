/** Checks the checkpoints of a log by themselves, and gathers what they say of its streams (audit.md section 10). */
import { instantText } from '../../base/clock.ts'
import { AUDIT_CHECKPOINT_GAP_MS } from '../../base/limits.ts'
import { fingerprintOf } from '../../crypto/audit-key.ts'
import {
  type Checkpoint,
  checkpointHash,
  isSigned,
  NO_CHECKPOINT,
  type RemovedSegments,
  readCheckpoint,
} from './checkpoint.ts'
import { listCheckpointFiles, readCheckpointLines } from './checkpoint-files.ts'

/** What a checkpoint says of a stream. */
export interface StreamClaim {
  /** Hash of a frame that the stream must have, hex. */
  readonly hash: string
  readonly records: number
  /** Of the checkpoint, milliseconds since the epoch. */
  readonly time: number
}

/** A time without checkpoints; servers write no records in it. */
export interface CheckpointGap {
  /** Milliseconds since the epoch, both excluded. */
  readonly from: number
  readonly to: number
}

export interface CheckpointSummary {
  readonly count: number
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly to: number
  /** Of the key that signed the newest. */
  readonly fingerprint: string
  /** Of the newest that was given as kept elsewhere. */
  readonly anchoredUntil: number | undefined
}

export interface CheckedCheckpoints {
  /** `undefined`: there are none. */
  readonly summary: CheckpointSummary | undefined
  /**
   * By stream, in their order: the newest of all, and the newest at each checkpoint that was kept elsewhere. Of what an honest server
   * signed the others follow from it, since frames are chained; but who has the audit key could sign for a stream that he wrote anew.
   */
  readonly claims: ReadonlyMap<string, readonly StreamClaim[]>
  readonly gaps: readonly CheckpointGap[]
  readonly removals: VerifiedRemovals
}

/** What was removed from the log on purpose: signed, and in the row of checkpoints. */
export interface VerifiedRemovals {
  /** `undefined`: the stream has all that it had. */
  of(stream: string): RemovedSegments | undefined
  /** Reads what was announced meanwhile: before anything is deleted. */
  refresh(): Promise<void>
  /** `undefined`: nothing was. */
  summary(): RemovalSummary | undefined
}

export interface RemovalSummary {
  readonly segments: number
  readonly records: number
  /** Milliseconds since the epoch: of the newest that is gone, and of the checkpoint that was the last to announce a removal. */
  readonly until: number
  readonly announcedAt: number
  /** How old the newest record of a removal was when it was announced, of all removals the least, in milliseconds: what the rule must have been. */
  readonly ageMsMin: number
}

export interface CheckpointFindings {
  problem(path: string, offset: number | undefined, text: string): void
  warning(path: string, offset: number | undefined, text: string): void
}

/** A checkpoint that was kept elsewhere. */
export interface Anchor {
  /** Of its line, hex. */
  readonly hash: string
  readonly number: number
  /** Milliseconds since the epoch. */
  readonly time: number
}

export interface ReadAnchors {
  readonly anchors: readonly Anchor[]
  /** Numbers of lines that are no signed checkpoint, from 1: a crash where they were kept, say, has cut one. */
  readonly others: readonly number[]
}

/** @param lines of a file of checkpoints. It may be of years, so little of each is kept. */
export async function readAnchors(lines: AsyncIterable<string> | Iterable<string>): Promise<ReadAnchors> {
  const anchors: Anchor[] = []
  const others: number[] = []
  let count = 0
  for await (const line of lines) {
    count++
    if (line.trim() === '') continue
    const checkpoint = readCheckpoint(line)
    if (checkpoint === undefined || !isSigned(line, checkpoint)) others.push(count)
    else anchors.push({ hash: checkpointHash(line), number: checkpoint.number, time: checkpoint.time })
  }
  return { anchors, others }
}

export async function verifyCheckpoints(
  folder: string,
  anchors: readonly Anchor[],
  findings: CheckpointFindings,
): Promise<CheckedCheckpoints> {
  // A server that runs may make more while this reads on.
  const until = Date.now()
  const check = new CheckpointCheck(anchors, findings)
  const row = new CheckpointRow(folder, check, findings)
  for (const { path, line } of await row.readOn()) {
    findings.warning(path, undefined, `line ${line} is cut: being written, or torn by a crash`)
  }
  return { ...check.end(folder, until), removals: removalsOf(check, row) }
}

function removalsOf(check: CheckpointCheck, row: CheckpointRow): VerifiedRemovals {
  return {
    of: (stream) => check.removals.get(stream),
    async refresh() {
      await row.readOn()
    },
    summary() {
      const removals = [...check.removals.values()]
      if (removals.length === 0) return undefined
      const sum = (of: (removed: RemovedSegments) => number) => removals.reduce((all, removed) => all + of(removed), 0)
      return {
        segments: sum(({ segments }) => segments),
        records: sum(({ records }) => records),
        until: removals.reduce((newest, { until }) => Math.max(newest, until), 0),
        announcedAt: check.lastRemovalAt,
        ageMsMin: check.removalAgeMsMin,
      }
    },
  }
}

/** The files of checkpoints, read as far as they go, and on from there. */
class CheckpointRow {
  readonly #folder: string
  readonly #check: CheckpointCheck
  readonly #findings: CheckpointFindings
  /** The file that was read last, and how many of its lines. */
  #file = -1
  #lines = 0

  constructor(folder: string, check: CheckpointCheck, findings: CheckpointFindings) {
    this.#folder = folder
    this.#check = check
    this.#findings = findings
  }

  /** @returns lines without an end. */
  async readOn(): Promise<readonly { readonly path: string; readonly line: number }[]> {
    const cut: { path: string; line: number }[] = []
    for (const { number, path } of await listCheckpointFiles(this.#folder)) {
      if (number < this.#file) continue
      this.#moveTo(number, path)
      const lines = await readCheckpointLines(path)
      if (lines === undefined) this.#findings.problem(path, undefined, 'is longer than any file of checkpoints')
      for (const { text, line, isWhole } of (lines ?? []).slice(this.#lines)) {
        if (isWhole) {
          this.#check.line(text, path, line)
          this.#lines = line
        } else cut.push({ path, line })
      }
    }
    return cut
  }

  #moveTo(number: number, path: string): void {
    if (number === this.#file) return
    const missing = number - this.#file - 1
    if (missing > 0) this.#findings.problem(path, undefined, `${missing} files of checkpoints before it are missing`)
    this.#file = number
    this.#lines = 0
  }
}

class CheckpointCheck {
  readonly #findings: CheckpointFindings
  /** Hash → its checkpoint; those that were met are taken out. */
  readonly #anchors: Map<string, Anchor>
  readonly #claims = new Map<string, StreamClaim[]>()
  /** Of the checkpoints since the last that was kept elsewhere: the newest of each stream. */
  readonly #newClaims = new Map<string, StreamClaim>()
  readonly #gaps: CheckpointGap[] = []
  readonly removals = new Map<string, RemovedSegments>()
  /** Milliseconds since the epoch. */
  lastRemovalAt = 0
  removalAgeMsMin = Number.POSITIVE_INFINITY
  #count = 0
  #first: Checkpoint | undefined
  #newest: Checkpoint | undefined
  #hash = NO_CHECKPOINT
  #anchoredUntil: number | undefined

  constructor(anchors: readonly Anchor[], findings: CheckpointFindings) {
    this.#findings = findings
    this.#anchors = new Map(anchors.map((anchor) => [anchor.hash, anchor]))
  }

  line(text: string, path: string, line: number): void {
    const problem = (what: string) => this.#findings.problem(path, undefined, `line ${line} ${what}`)
    const hash = checkpointHash(text)
    const checkpoint = readCheckpoint(text)
    if (checkpoint === undefined) {
      problem('is not a checkpoint')
      this.#hash = hash
      return
    }
    for (const fault of this.#faults(text, checkpoint)) problem(fault)
    this.#lookForGap(checkpoint, path, line)
    for (const { stream, hash, records } of checkpoint.streams) {
      this.#newClaims.set(stream, { hash, records, time: checkpoint.time })
    }
    if (this.#anchors.delete(hash)) {
      this.#anchoredUntil = checkpoint.time
      this.#keepClaims()
    }
    for (const removed of checkpoint.removed ?? []) {
      const fault = this.#removalFault(removed)
      if (fault !== undefined)
        problem(`tells of the removal of ${removed.records} records of the stream ${removed.stream}, ${fault}`)
      this.removals.set(removed.stream, removed)
      this.lastRemovalAt = checkpoint.time
      this.removalAgeMsMin = Math.min(this.removalAgeMsMin, checkpoint.time - removed.until)
    }
    this.#count++
    this.#first ??= checkpoint
    this.#newest = checkpoint
    this.#hash = hash
  }

  #keepClaims(): void {
    for (const [stream, claim] of this.#newClaims) {
      const kept = this.#claims.get(stream)
      if (kept === undefined) this.#claims.set(stream, [claim])
      else kept.push(claim)
    }
    this.#newClaims.clear()
  }

  *#faults(text: string, checkpoint: Checkpoint): Generator<string> {
    const newest = this.#newest
    const { number, previous, key } = checkpoint
    if (!isSigned(text, checkpoint)) yield 'has a wrong signature'
    if (previous !== this.#hash) yield 'does not continue the checkpoint before it'
    const expected = newest === undefined ? 0 : newest.number + 1
    if (number !== expected) yield `is checkpoint ${number}, expected ${expected}`
    if (newest !== undefined && key !== (newest.nextKey ?? newest.key)) {
      yield `is signed with the key ${fingerprintOf(key)}, which no checkpoint before it announces`
    }
  }

  /** Only what was vouched for before may go. */
  #removalFault({ stream, segments, records }: RemovedSegments): string | undefined {
    const claim = this.#newClaims.get(stream) ?? this.#claims.get(stream)?.at(-1)
    if (claim === undefined || claim.records < records) return 'of which no checkpoint before it tells'
    const before = this.removals.get(stream)
    const isLess = before !== undefined && (segments < before.segments || records < before.records)
    return isLess ? 'of which more were removed before' : undefined
  }

  #lookForGap(checkpoint: Checkpoint, path: string, line: number): void {
    const newest = this.#newest
    if (newest === undefined) return
    const { time, reason } = checkpoint
    const ms = time - newest.time
    if (ms <= AUDIT_CHECKPOINT_GAP_MS) return
    this.#gaps.push({ from: newest.time + AUDIT_CHECKPOINT_GAP_MS, to: time })
    if (reason === 'start') return
    const text = `line ${line} comes ${Math.round(ms / 1000)} s after the checkpoint before it: the machine slept, or something kept the server from making them`
    this.#findings.warning(path, undefined, text)
  }

  /** @param until later frames are not judged by the time of the newest checkpoint. */
  end(folder: string, until: number): Omit<CheckedCheckpoints, 'removals'> {
    this.#keepClaims()
    for (const { number, time } of this.#anchors.values()) {
      const text = `does not have checkpoint ${number} of ${instantText(time)}, which was kept elsewhere: its end was cut, or it was written anew`
      this.#findings.problem(folder, undefined, text)
    }
    const [first, newest] = [this.#first, this.#newest]
    const claims = new Map(this.#claims)
    if (first === undefined || newest === undefined) return { summary: undefined, claims, gaps: [] }
    const summary = {
      count: this.#count,
      from: first.time,
      to: newest.time,
      fingerprint: fingerprintOf(newest.key),
      anchoredUntil: this.#anchoredUntil,
    }
    const open = { from: newest.time + AUDIT_CHECKPOINT_GAP_MS, to: until }
    return { summary, claims, gaps: [...this.#gaps, open] }
  }
}
