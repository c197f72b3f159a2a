/** A process that starts a Keyhold inside itself a few times and prints how long each start took, in JSON. */
import { performance } from 'node:perf_hooks'

const STARTS = 5

const times: number[] = []
for (let start = 0; start < STARTS; start++) {
  const before = performance.now()
  const { startKeyhold } = await import('../../src/index.ts')
  const keyhold = await startKeyhold()
  times.push(performance.now() - before)
  await keyhold.stop()
}
process.stdout.write(`${JSON.stringify(times)}\n`)
