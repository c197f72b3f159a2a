/** Two workers against one, and what a server takes while it is idle. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type CompareOptions, type Comparison, compare, startLoadClient } from './compare.ts'
import { type KeyholdServer, startKeyholdServer } from './keyhold-server.ts'
import { placement, processTree, residentMiB } from './processes.ts'
import { toBytes } from './signed-requests.ts'
import { requestsOf, WORKLOADS } from './workloads.ts'

export interface ScalingFigure {
  readonly comparison: Comparison
  /** How servers and client shared the cores. */
  readonly described: string
}

/** Decrypt; the one worker is the reference. */
export async function measureTwoWorkers(folder: string, options: CompareOptions): Promise<ScalingFigure> {
  const cores = placement(2)
  const servers: KeyholdServer[] = []
  const client = startLoadClient(cores.client)
  const decrypt = WORKLOADS.find(({ name }) => name === 'decrypt')!
  try {
    for (const workers of [1, 2]) servers.push(await startKeyholdServer({ folder, workers, core: cores.server }))
    const [one, two] = await Promise.all(
      servers.map(async (server) => ({
        server,
        requests: (await requestsOf(decrypt, server, options.distinctRequests)).map(toBytes),
      })),
    )
    return { comparison: await compare(client, one!, two!, options), described: cores.described }
  } finally {
    await client.stop()
    for (const server of servers) await server.stop()
  }
}

export interface IdleFigure {
  /** Resident memory of each process of a server with one worker, in MiB. */
  readonly processesMiB: readonly number[]
  /** From the start of the process to its `listening on` line, first start on a new folder. */
  readonly startMs: number
}

const SETTLE_MS = 1_000

export async function measureIdle(folder: string): Promise<IdleFigure> {
  const server = await startKeyholdServer({ folder, workers: 1, core: undefined })
  try {
    await sleep(SETTLE_MS)
    const processesMiB = processTree(server.pid).map((pid) => residentMiB(pid) ?? Number.NaN)
    return { processesMiB, startMs: server.startMs }
  } finally {
    await server.stop()
  }
}
