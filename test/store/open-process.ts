/** A process that opens a store and says how it went. Argument: path. */
import { systemClock } from '../../src/base/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'

try {
  const store = await openSqliteStore({ path: process.argv[2]!, node: 'opener', clock: systemClock })
  await store.close()
  console.log('opened')
} catch (error) {
  console.log(String(error))
}
