/**
 * A process that writes to a store, for tests that run several or kill one. Arguments: path or login, node, mode.
 *
 * Every round is one change that counts up the description of the key `counter`, adds an alias and leaves an audit record;
 * its number goes to standard output once the change is acknowledged.
 */
import { writeSync } from 'node:fs'
import { systemClock } from '../../src/base/clock.ts'
import type { Change } from '../../src/domain/store.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { COUNTER } from './counter.ts'

const [path, node, mode] = process.argv.slice(2) as [string, string, string]
const store = path.startsWith('{')
  ? await (await import('../../src/store/postgres-store.ts')).openPostgresStore(JSON.parse(path), systemClock)
  : await openSqliteStore({ path, node, clock: systemClock })

async function count(change: Change): Promise<number> {
  const key = (await change.findKey(COUNTER))!
  const round = Number(key.description) + 1
  await change.updateKey({ ...key, description: String(round) })
  const { account, region, keyId } = key
  await change.insertAlias({ account, region, aliasName: `alias/${round}`, keyId, createdAt: 0, updatedAt: 0 })
  // Other processes get their chance to come in between.
  await new Promise((resolve) => setImmediate(resolve))
  await change.recordAudit({ eventId: String(round), node, line: '{}' })
  return round
}

/** Synchronous: what was printed has left the process when it is killed. */
function say(text: string): void {
  writeSync(1, `${text}\n`)
}

switch (mode) {
  case 'open':
    say('opened')
    break
  case 'until killed':
    for (;;) say(String(await store.change(count)))
  case 'stop inside':
    await store.change(async (change) => {
      await count(change)
      say('inside')
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    })
    break
  default:
    for (let rounds = Number(mode); rounds > 0; rounds--) say(String(await store.change(count)))
}
await store.close()
