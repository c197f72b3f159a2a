/** Appends as fast as it can and prints the id of each record that is durable, until it is killed. */
import { writeSync } from 'node:fs'
import { openTestLog } from './audit-folder.ts'

const [folder, round] = process.argv.slice(2) as [string, string]
const log = await openTestLog(folder, { limits: { segmentBytesMax: 200_000, preallocationBytes: 50_000 } })

async function client(name: number): Promise<never> {
  for (let call = 0; ; call++) {
    const eventID = `${round.padStart(8, '0')}-0000-4000-8000-${String(name * 1_000_000 + call).padStart(12, '0')}`
    await log.append(JSON.stringify({ eventID, text: 'x'.repeat((call * 37) % 1_000) }))
    writeSync(1, `${eventID}\n`)
  }
}

await Promise.all(Array.from({ length: 16 }, (_, name) => client(name)))
