/** The reference of signatures: a process that does the bare work of a primitive over and over, without server or key store. */
import { performance } from 'node:perf_hooks'
import { PRIMITIVES } from './primitives.ts'

export interface BareOrder {
  readonly name: string
  readonly seconds: number
}

export interface BareResult {
  readonly completed: number
  readonly perSecond: number
}

const prepared = new Map<string, () => unknown>()

async function runBare({ name, seconds }: BareOrder): Promise<BareResult> {
  const { bare } = PRIMITIVES.find((primitive) => primitive.name === name)!
  const work = prepared.get(name) ?? bare.prepare()
  prepared.set(name, work)
  const start = performance.now()
  const deadline = start + seconds * 1000
  let completed = 0
  const loop = async () => {
    while (performance.now() < deadline) {
      await work()
      completed++
    }
  }
  await Promise.all(Array.from({ length: bare.threads }, loop))
  return { completed, perSecond: (completed / (performance.now() - start)) * 1000 }
}

process.on('message', async (order: BareOrder) => process.send!(await runBare(order)))
process.on('disconnect', () => process.exit(0))
