/**
 * The index of the log in a SQLite file: which blocks of it an event can be in. Nothing in it is needed: it is made of the log, and made
 * anew when it is lost. Several processes may have it open; each change is one transaction that also moves the place up to which
 * the log was read, so nothing is indexed twice or left out, whoever dies when.
 *
 * What is looked up often is rare in the log (changes, failures); what is not rare is looked up seldom, and its marks lead to
 * blocks that are read then. So a busy server pays for a few marks per MiB of its log, not for rows per call.
 */
import { closeSync, openSync, rmSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import {
  EVENT_BLOCKS_PER_PRUNING,
  EVENT_HISTORY_MS,
  EVENT_HISTORY_ROUTINE_BYTES_MAX,
  EVENT_INDEX_BYTES_MAX,
} from '../../base/limits.ts'
import type { Mark } from './marks.ts'

/** A part of a segment: whole frames. Its id is greater than those of all that were made before it. */
export interface Block {
  readonly id: number
  readonly stream: string
  readonly segment: number
  /** Bytes in the segment. */
  readonly start: number
  readonly end: number
  /** Seconds since the epoch: of its oldest and newest event. */
  readonly from: number
  readonly to: number
}

/** Up to where a stream was read. */
export interface StreamPlace {
  readonly segment: number
  readonly offset: number
}

export interface NewBlock {
  readonly stream: string
  /** Where the stream had been read up to; the block begins there, or in the next segment. */
  readonly after: StreamPlace
  readonly segment: number
  readonly start: number
  readonly end: number
  readonly from: number
  readonly to: number
  readonly marks: ReadonlyMap<Mark, boolean>
}

export interface CandidateQuery {
  readonly mark: Mark
  /** Seconds since the epoch, both included. */
  readonly from: number
  readonly to: number
}

export interface IndexLimits {
  readonly routineBytesMax: number
  readonly indexBytesMax: number
  readonly blocksPerPruning: number
}

export const INDEX_LIMITS: IndexLimits = Object.freeze({
  routineBytesMax: EVENT_HISTORY_ROUTINE_BYTES_MAX,
  indexBytesMax: EVENT_INDEX_BYTES_MAX,
  blocksPerPruning: EVENT_BLOCKS_PER_PRUNING,
})

/** Of the tables; another one is made anew. */
const VERSION = 1
const BUSY_TIMEOUT_MS = 5_000

const TABLES = `
  CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE streams (stream TEXT PRIMARY KEY, segment INTEGER, offset INTEGER, block INTEGER) WITHOUT ROWID;
  CREATE TABLE blocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT, segment INTEGER, start INTEGER, "end" INTEGER, "from" INTEGER, "to" INTEGER
  );
  CREATE TABLE marks (mark INTEGER, block INTEGER, rare INTEGER, PRIMARY KEY (mark, block)) WITHOUT ROWID;
  CREATE TABLE damages (stream TEXT, segment INTEGER, offset INTEGER, "from" INTEGER, "to" INTEGER);
  INSERT INTO facts VALUES ('id', lower(hex(randomblob(8)))), ('prunedAt', 0), ('since', 0), ('routineSince', 0);
  PRAGMA user_version = ${VERSION};
`

export class EventIndex {
  readonly #database: DatabaseSync
  readonly #limits: IndexLimits
  /** Sets this index apart from one that was made anew. */
  readonly id: string
  readonly #candidates: StatementSync
  readonly #addMark: StatementSync

  private constructor(database: DatabaseSync, limits: IndexLimits) {
    this.#database = database
    this.#limits = limits
    this.id = String(this.#fact('id'))
    this.#candidates = database.prepare(`
      SELECT b.id, b.stream, b.segment, b.start, b."end", b."from", b."to" FROM marks m JOIN blocks b ON b.id = m.block
      WHERE m.mark = ?1 AND b."to" >= ?2 AND b."from" <= ?3 ORDER BY b."to" DESC, b.id DESC`)
    this.#addMark = database.prepare(`
      INSERT INTO marks (mark, block, rare) VALUES (?1, ?2, ?3)
      ON CONFLICT DO UPDATE SET rare = max(rare, excluded.rare)`)
  }

  /** Makes the file, mode 0600, if it does not exist, and makes it anew if it cannot be read or is of another version. */
  static open(path: string, limits: Partial<IndexLimits> = {}): EventIndex {
    const all = { ...INDEX_LIMITS, ...limits }
    try {
      return new EventIndex(openDatabase(path), all)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      removeIndex(path)
      return new EventIndex(openDatabase(path), all)
    }
  }

  /** `undefined`: nothing of the stream was read. */
  place(stream: string): StreamPlace | undefined {
    const found = this.#database.prepare('SELECT segment, offset FROM streams WHERE stream = ?1').get(stream)
    return found as unknown as StreamPlace | undefined
  }

  /** @param canExtend whether the stream's newest block may take it in, instead of a new one. @returns false if another process was quicker. */
  add(block: NewBlock, canExtend: (newest: Block) => boolean): boolean {
    return this.#change(() => {
      if (!this.#isAt(block.stream, block.after)) return false
      const id = this.#extended(block, canExtend) ?? this.#inserted(block)
      for (const [mark, isRare] of block.marks) this.#addMark.run(mark, id, isRare ? 1 : 0)
      this.#moveTo(block.stream, { segment: block.segment, offset: block.end }, id)
      this.#prune(id)
      return true
    })
  }

  /** Nothing of these bytes is an event. @returns false if another process was quicker. */
  pass(stream: string, after: StreamPlace, to: StreamPlace): boolean {
    return this.#change(() => {
      if (!this.#isAt(stream, after)) return false
      this.#moveTo(stream, to, null)
      return true
    })
  }

  /** Streams that it knows of. */
  streams(): readonly string[] {
    return this.#database
      .prepare('SELECT stream FROM streams')
      .all()
      .map(({ stream }) => String(stream))
  }

  /** Whether it knows nothing of the segments of the stream before this one, and will read it next at the latest. */
  beginsAt(stream: string, segment: number): boolean {
    const older = this.#database.prepare(`
      SELECT 1 FROM blocks WHERE stream = ?1 AND segment < ?2 UNION ALL
      SELECT 1 FROM damages WHERE stream = ?1 AND segment < ?2 LIMIT 1`)
    return (this.place(stream)?.segment ?? 0) >= segment && older.get(stream, segment) === undefined
  }

  /** @param until seconds since the epoch: of the newest event that was removed; up to then nothing here is complete any more. */
  noteRemoved(until: number): void {
    this.#change(() => this.#setFact('since', Math.max(this.since, until + 1)))
  }

  /**
   * Segments before `segment` were removed from the log.
   * @param isGone whether nothing of the stream is left.
   */
  forgetRemoved(stream: string, segment: number, isGone: boolean): void {
    this.#change(() => {
      const ofSegments = 'stream = ?1 AND segment < ?2'
      for (const rows of [
        `marks WHERE block IN (SELECT id FROM blocks WHERE ${ofSegments})`,
        `blocks WHERE ${ofSegments}`,
        `damages WHERE ${ofSegments}`,
      ]) {
        this.#database.prepare(`DELETE FROM ${rows}`).run(stream, segment)
      }
      if (isGone) this.#database.prepare('DELETE FROM streams WHERE stream = ?1').run(stream)
      else if ((this.place(stream)?.segment ?? 0) < segment) this.#moveTo(stream, { segment, offset: 0 }, null)
    })
  }

  /** Something of the log could not be read: events between these seconds may be missing. */
  addDamage(stream: string, { segment, offset }: StreamPlace, from: number, to: number): void {
    this.#change(() => {
      const known = this.#database.prepare('SELECT 1 FROM damages WHERE stream = ?1 AND segment = ?2 AND offset = ?3')
      if (known.get(stream, segment, offset) !== undefined) return
      this.#database.prepare('INSERT INTO damages VALUES (?1, ?2, ?3, ?4, ?5)').run(stream, segment, offset, from, to)
    })
  }

  hasDamage(from: number, to: number): boolean {
    return this.#database.prepare('SELECT 1 FROM damages WHERE "to" >= ?1 AND "from" <= ?2').get(from, to) !== undefined
  }

  /** Those whose newest event is newest first. */
  candidates({ mark, from, to }: CandidateQuery): readonly Block[] {
    return this.#candidates.all(mark, from, to) as unknown as readonly Block[]
  }

  /** Seconds since the epoch: from when on no rare, and no routine event is missing here. */
  get since(): number {
    return Number(this.#fact('since'))
  }

  get routineSince(): number {
    return Math.max(Number(this.#fact('routineSince')), this.since)
  }

  close(): void {
    this.#database.close()
  }

  #isAt(stream: string, { segment, offset }: StreamPlace): boolean {
    const place = this.place(stream) ?? { segment: 0, offset: 0 }
    return place.segment === segment && place.offset === offset
  }

  #moveTo(stream: string, { segment, offset }: StreamPlace, block: number | null): void {
    this.#database
      .prepare(`INSERT INTO streams VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET segment = ?2, offset = ?3, block = coalesce(?4, block)`)
      .run(stream, segment, offset, block)
  }

  #extended(block: NewBlock, canExtend: (newest: Block) => boolean): number | undefined {
    const newest = this.#database
      .prepare(`SELECT b.id, b.stream, b.segment, b.start, b."end", b."from", b."to" FROM streams s JOIN blocks b ON b.id = s.block
        WHERE s.stream = ?1`)
      .get(block.stream) as unknown as Block | undefined
    if (newest === undefined || newest.segment !== block.segment || !canExtend(newest)) return undefined
    this.#database
      .prepare('UPDATE blocks SET "end" = ?2, "from" = min("from", ?3), "to" = max("to", ?4) WHERE id = ?1')
      .run(newest.id, block.end, block.from, block.to)
    return newest.id
  }

  #inserted({ stream, segment, start, end, from, to }: NewBlock): number {
    const { lastInsertRowid } = this.#database
      .prepare('INSERT INTO blocks (stream, segment, start, "end", "from", "to") VALUES (?1, ?2, ?3, ?4, ?5, ?6)')
      .run(stream, segment, start, end, from, to)
    return Number(lastInsertRowid)
  }

  /** Forgets what is too old or too much, now and then. */
  #prune(newest: number): void {
    if (newest - Number(this.#fact('prunedAt')) < this.#limits.blocksPerPruning) return
    this.#setFact('prunedAt', newest)
    const old = Math.floor((Date.now() - EVENT_HISTORY_MS) / 1000)
    this.#forget(`SELECT id FROM blocks WHERE "to" < ${old}`)
    this.#forgetRoutine()
    if (this.#bytes() > this.#limits.indexBytesMax) this.#forgetOldestQuarter()
    this.#database.exec('DELETE FROM blocks WHERE id NOT IN (SELECT block FROM marks)')
  }

  #forgetRoutine(): void {
    const last = this.#database
      .prepare(`SELECT id, "to" FROM (SELECT id, "to", sum("end" - start) OVER (ORDER BY id DESC) AS bytes FROM blocks)
        WHERE bytes > ?1 ORDER BY id DESC LIMIT 1`)
      .get(this.#limits.routineBytesMax) as { readonly id: number } | undefined
    if (last === undefined) return
    const { id } = last
    const newest = this.#database.prepare('SELECT max("to") AS "to" FROM blocks WHERE id <= ?1').get(id) as {
      to: number
    }
    this.#database.prepare('DELETE FROM marks WHERE rare = 0 AND block <= ?1').run(id)
    this.#setFact('routineSince', Math.max(Number(this.#fact('routineSince')), newest.to + 1))
  }

  #forgetOldestQuarter(): void {
    const count = (this.#database.prepare('SELECT count(*) AS n FROM blocks').get() as { n: number }).n
    const oldest = `SELECT id FROM blocks ORDER BY id LIMIT ${Math.ceil(count / 4)}`
    const newest = this.#database.prepare(`SELECT max("to") AS "to" FROM blocks WHERE id IN (${oldest})`).get()
    this.#setFact('since', Math.max(this.since, Number((newest as { to: number }).to) + 1))
    this.#forget(oldest)
  }

  #forget(blocks: string): void {
    this.#database.exec(`DELETE FROM marks WHERE block IN (${blocks})`)
  }

  #bytes(): number {
    const pragma = (name: string) => Number(Object.values(this.#database.prepare(`PRAGMA ${name}`).get()!)[0])
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')
  }

  #fact(name: string): unknown {
    return this.#database.prepare('SELECT value FROM facts WHERE name = ?1').get(name)!.value
  }

  #setFact(name: string, value: number): void {
    this.#database.prepare('UPDATE facts SET value = ?2 WHERE name = ?1').run(name, value)
  }

  #change<T>(work: () => T): T {
    return inTransaction(this.#database, work)
  }
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function openDatabase(path: string): DatabaseSync {
  // SQLite would let the umask decide who may read it.
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    inTransaction(database, () => {
      const { user_version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
      if (user_version === 0) database.exec(TABLES)
      else if (user_version !== VERSION) throw new OtherVersionError()
    })
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

class OtherVersionError extends Error {}

/** SQLite's codes for a file that is damaged or none of its own. */
const UNREADABLE: ReadonlySet<unknown> = new Set([11, 26])

/** Of an error that a new index would cure. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof OtherVersionError || UNREADABLE.has((error as { errcode?: number }).errcode! & 0xff)
}

export function removeIndex(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
}
