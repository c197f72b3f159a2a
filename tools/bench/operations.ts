/** Rates of single operations on one core, each against an empty server that reads and sends as many bytes. */
import { join } from 'node:path'
import { answerTo } from './answer.ts'
import { type CompareOptions, type Comparison, compare, startLoadClient } from './compare.ts'
import { startKeyholdServer } from './keyhold-server.ts'
import { placement, type Server, startServer } from './processes.ts'
import { type SignedRequest, toBytes } from './signed-requests.ts'
import { requestsOf, type Workload } from './workloads.ts'

export interface OperationFigure {
  readonly workload: Workload
  readonly comparison: Comparison
}

/** Repeats on its own port what `server` answers to `sample`. */
export async function startEmptyServer(
  server: Server,
  sample: SignedRequest,
  core: string | undefined,
): Promise<Server> {
  const answer = await answerTo(server.port, sample)
  return startServer(join(import.meta.dirname, 'empty-server.ts'), [JSON.stringify(answer)], { core })
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
      const empty = await startEmptyServer(keyhold, signed[0]!, cores.server)
      const requests = signed.map(toBytes)
      try {
        const comparison = await compare(client, { server: empty, requests }, { server: keyhold, requests }, options)
        onFigure({ workload, comparison })
      } finally {
        await empty.stop()
      }
    }
  } finally {
    await client.stop()
    await keyhold.stop()
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
