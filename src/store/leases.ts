/** The table `leases`: which node does timed work. */
import type { Db } from './dialects/store-database.ts'

/**
 * One that would last twice as long as anybody asks for is of a clock that was wrong: it must not keep others from the work for as long.
 * @returns whether `holder` has the lease until `until`.
 */
export async function takeLease(db: Db, name: string, holder: string, now: number, until: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('leases')
    .values({ name, holder, until })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ holder, until })
        .where((is) =>
          is.or([
            is('leases.holder', '=', holder),
            is('leases.until', '<=', now),
            is('leases.until', '>', until + (until - now)),
          ]),
        ),
    )
    .executeTakeFirst()
  return (numInsertedOrUpdatedRows ?? 0n) > 0n
}
