/** Decrypt between two references in one run: the empty server, and the least that Node can do for it. */
import { join } from 'node:path'
import { answerTo } from './answer.ts'
import {
  type CompareOptions,
  measure,
  type Run,
  type Spread,
  type Summary,
  spread,
  startLoadClient,
  summary,
} from './compare.ts'
import { startKeyholdServer } from './keyhold-server.ts'
import { placement, type Server, startServer } from './processes.ts'
import { toBytes } from './signed-requests.ts'
import { requestsOf, WORKLOADS } from './workloads.ts'

export interface FloorFigure {
  readonly floor: Summary
  /** The rate of `floor-server.ts` over that of `empty-server.ts`: no Decrypt on Node has a higher ratio. */
  readonly floorOverEmpty: Spread
  readonly keyholdOverFloor: Spread
}

export async function measureFloor(folder: string, options: CompareOptions): Promise<FloorFigure> {
  const { connections, seconds, rounds, warmUpSeconds, distinctRequests } = options
  const cores = placement(1)
  const keyhold = await startKeyholdServer({ folder, workers: 1, core: cores.server })
  const servers: Server[] = [keyhold]
  const client = startLoadClient(cores.client)
  try {
    const decrypt = WORKLOADS.find(({ name }) => name === 'decrypt')!
    const signed = await requestsOf(decrypt, keyhold, distinctRequests)
    const answer = JSON.stringify(await answerTo(keyhold.port, signed[0]!))
    for (const script of ['empty-server.ts', 'floor-server.ts']) {
      servers.push(await startServer(join(import.meta.dirname, script), [answer, folder], { core: cores.server }))
    }
    const requests = signed.map(toBytes)
    const runs: [Run[], Run[], Run[]] = [[], [], []]
    for (const server of servers) await measure(client, { server, requests }, connections, warmUpSeconds)
    for (let round = 0; round < rounds; round++) {
      for (const [index, server] of servers.entries()) {
        runs[index]!.push(await measure(client, { server, requests }, connections, seconds))
      }
    }
    const [ofKeyhold, ofEmpty, ofFloor] = runs
    return {
      floor: summary(ofFloor),
      floorOverEmpty: ratios(ofFloor, ofEmpty),
      keyholdOverFloor: ratios(ofKeyhold, ofFloor),
    }
  } finally {
    await client.stop()
    for (const server of servers) await server.stop()
  }
}

function ratios(runs: readonly Run[], references: readonly Run[]): Spread {
  return spread(runs.map((run, round) => run.requestsPerSecond / references[round]!.requestsPerSecond))
}
