/**
 * The tables `changes` and `changes_pruned`: what every change touched, for the caches of other nodes (design.md
 * section 3). Positions rise in the order of commits because changes are made one at a time.
 */
import { CHANGES_BATCH_MAX, CHANGES_PRUNED_MAX } from '../base/limits.ts'
import type { ChangeNotice, ChangesBatch } from '../domain/store.ts'
import type { Db } from './dialects/store-database.ts'

/** @returns the position of the last of them, `undefined` if there are none. */
export async function insertNotices(
  db: Db,
  notices: readonly ChangeNotice[],
  node: string,
  now: number,
): Promise<number | undefined> {
  let last: number | undefined
  for (const { kind, subject } of notices) {
    const row = { node, kind, subject, changed_at: now }
    last = (await db.insertInto('changes').values(row).returning('position').executeTakeFirstOrThrow()).position
  }
  return last
}

/** Whether the change at `position` is that of `node`. */
export async function hasChange(db: Db, position: number, node: string): Promise<boolean> {
  const row = await db.selectFrom('changes').select('node').where('position', '=', position).executeTakeFirst()
  return row?.node === node
}

/** The position of the newest change, pruned or not; 0 before the first. */
export async function newestPosition(db: Db): Promise<number> {
  const newest = await db
    .selectFrom('changes')
    .select('position')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst()
  return newest?.position ?? prunedPosition(db)
}

async function prunedPosition(db: Db): Promise<number> {
  const { position } = await db.selectFrom('changes_pruned').select('position').executeTakeFirstOrThrow()
  return position
}

/**
 * What nodes other than `node` changed after `position`. The three reads may see three states of the store; in this order
 * that is safe: nothing after `newest` is promised, and what was pruned in between shows in the last.
 */
export async function readChanges(db: Db, position: number, node: string): Promise<ChangesBatch> {
  const newest = await newestPosition(db)
  const rows = await db
    .selectFrom('changes')
    .select(['kind', 'subject'])
    .where('position', '>', position)
    .where('position', '<=', newest)
    .where('node', '!=', node)
    .orderBy('position')
    .limit(CHANGES_BATCH_MAX + 1)
    .execute()
  // Less than what was read once: the database lost its last changes.
  const isComplete = rows.length <= CHANGES_BATCH_MAX && newest >= position && (await prunedPosition(db)) <= position
  return { position: newest, notices: isComplete ? rows.map(toNotice) : undefined }
}

function toNotice({ kind, subject }: { kind: string; subject: string }): ChangeNotice {
  return { kind: kind as ChangeNotice['kind'], subject }
}

/** Removes some of the entries from before `before`. @returns whether there may be more. */
export async function deleteChanges(db: Db, before: number): Promise<boolean> {
  // Clocks of nodes differ a little, so times do not rise strictly: an old entry behind a young one waits for it.
  const oldest = await db
    .selectFrom('changes')
    .select(['position', 'changed_at'])
    .orderBy('position')
    .limit(CHANGES_PRUNED_MAX)
    .execute()
  const kept = oldest.findIndex(({ changed_at }) => changed_at >= before)
  const last = kept === -1 ? oldest.at(-1) : oldest[kept - 1]
  if (last === undefined) return false
  await db.deleteFrom('changes').where('position', '<=', last.position).execute()
  await db.updateTable('changes_pruned').set({ position: last.position }).where('id', '=', 1).execute()
  return kept === -1
}
