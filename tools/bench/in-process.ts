/** How long `startKeyhold()` takes inside another process. */
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { spread } from './compare.ts'
import { startNode, stop } from './processes.ts'

export interface InProcessFigure {
  /** The first start of a process, the import included. */
  readonly firstMs: number
  /** Median of the starts after it. */
  readonly nextMs: number
}

export async function measureInProcess(): Promise<InProcessFigure> {
  const child = startNode(join(import.meta.dirname, 'in-process-start.ts'), [], { core: undefined })
  try {
    const [output, errors] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')])
    if (child.exitCode !== 0) throw new Error(`startKeyhold failed:\n${errors}`)
    const [first, ...next] = JSON.parse(output) as number[]
    return { firstMs: first!, nextMs: spread(next).median }
  } finally {
    await stop(child)
  }
}
