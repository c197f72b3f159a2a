/**
 * Rates of single operations on one core, each against an empty server that reads and sends as many bytes, and against one that
 * does what no server can do without.
 */
import { join } from 'node:path'
import { answerTo } from './answer.ts'
import {
  type CompareOptions,
  type Comparison,
  compare,
  comparison,
  inTurn,
  type Side,
  startLoadClient,
} from './compare.ts'
import { type KeyholdServer, startKeyholdServer } from './keyhold-server.ts'
import { placement, type Server, startServer } from './processes.ts'
import { toBytes } from './signed-requests.ts'
import { requestsOf, type Workload } from './workloads.ts'

export interface OperationFigure {
  readonly workload: Workload
  readonly comparison: Comparison
  /** `floor-server.ts` against the empty server: nothing that does the same on Node has a higher ratio. */
  readonly floor: Comparison
  /** Keyhold against `floor-server.ts`. */
  readonly ofFloor: Comparison
}

export async function measureOperations(
  workloads: readonly Workload[],
  folder: string,
  options: CompareOptions,
  onFigure: (figure: OperationFigure) => void,
): Promise<void> {
  const cores = placement(1)
  const keyhold = await startKeyholdServer({ folder, workers: 1, core: cores.server })
  const client = startLoadClient(cores.client)
  try {
    for (const workload of workloads) {
      const signed = await requestsOf(workload, keyhold, options.distinctRequests)
      const answer = JSON.stringify(await answerTo(keyhold.port, signed[0]!))
      const requests = signed.map(toBytes)
      const references: Server[] = []
      try {
        for (const script of ['empty-server.ts', 'floor-server.ts']) {
          const path = join(import.meta.dirname, script)
          references.push(await startServer(path, [answer, folder], { core: cores.server }))
        }
        const sides = [...references, keyhold].map((server) => ({ server, requests }))
        const [ofEmpty, ofFloor, ofKeyhold] = await inTurn(client, sides, options)
        onFigure({
          workload,
          comparison: comparison(ofEmpty!, ofKeyhold!),
          floor: comparison(ofEmpty!, ofFloor!),
          ofFloor: comparison(ofFloor!, ofKeyhold!),
        })
      } finally {
        for (const server of references) await server.stop()
      }
    }
  } finally {
    await client.stop()
    await keyhold.stop()
  }
}

/** Rates of this version against those of another, each with a key of its own, on one core. */
export async function measureAgainst(
  version: string,
  workloads: readonly Workload[],
  folder: string,
  options: CompareOptions,
  onFigure: (workload: Workload, comparison: Comparison) => void,
): Promise<void> {
  const cores = placement(1)
  const servers: KeyholdServer[] = []
  const client = startLoadClient(cores.client)
  try {
    for (const checkout of [version, undefined]) {
      servers.push(await startKeyholdServer({ folder, workers: 1, core: cores.server, version: checkout }))
    }
    for (const workload of workloads) {
      const sides: Side[] = []
      for (const server of servers) {
        const signed = await requestsOf(workload, server, options.distinctRequests)
        sides.push({ server, requests: signed.map(toBytes) })
      }
      onFigure(workload, await compare(client, sides[0]!, sides[1]!, options))
    }
  } finally {
    await client.stop()
    for (const server of servers) await server.stop()
  }
}

/** The reference against itself: how far from 1.00 the machine's noise alone goes. */
export async function measureNoise(options: CompareOptions): Promise<Comparison> {
  const cores = placement(1)
  const answer = JSON.stringify({
    headers: ['Content-Type', 'application/x-amz-json-1.1', 'Content-Length', '300'],
    body: 'x'.repeat(300),
  })
  const start = () => startServer(join(import.meta.dirname, 'empty-server.ts'), [answer], { core: cores.server })
  const servers: Server[] = []
  const client = startLoadClient(cores.client)
  try {
    servers.push(await start(), await start())
    const headers = {
      host: '127.0.0.1',
      authorization: 'x'.repeat(300),
      'user-agent': 'x'.repeat(200),
      'content-length': '150',
    }
    const requests = [toBytes({ method: 'POST', path: '/', headers, body: Buffer.alloc(150, 'x') })]
    const [reference, subject] = servers.map((server) => ({ server, requests }))
    return await compare(client, reference!, subject!, options)
  } finally {
    await client.stop()
    for (const server of servers) await server.stop()
  }
}
