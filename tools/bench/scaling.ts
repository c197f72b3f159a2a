/** Two workers against one, and what a server takes while it is idle. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type CompareOptions, type Comparison, compare, spread, startLoadClient } from './compare.ts'
import { type KeyholdServer, startKeyholdServer, temporaryData } from './keyhold-server.ts'
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

/** A server with one worker on a new data folder. */
export interface StartFigure {
  /** Resident memory of all its processes, in MiB. */
  readonly residentMiB: number
  /** From the start of the process to its `listening on` line. */
  readonly startMs: number
}

export interface IdleFigure {
  /** Without a compile cache: it makes one. */
  readonly first: StartFigure
  /** Median of the starts that find it. */
  readonly next: StartFigure
}

const SETTLE_MS = 1_000
const NEXT_STARTS = 5

export async function measureIdle(folder: string): Promise<IdleFigure> {
  const cache = temporaryData(folder)
  try {
    const first = await measureStart(folder, cache.path)
    const next: StartFigure[] = []
    while (next.length < NEXT_STARTS) next.push(await measureStart(folder, cache.path))
    const median = (name: keyof StartFigure) => spread(next.map((figure) => figure[name])).median
    return { first, next: { residentMiB: median('residentMiB'), startMs: median('startMs') } }
  } finally {
    cache.remove()
  }
}

async function measureStart(folder: string, cache: string): Promise<StartFigure> {
  const env = { NODE_COMPILE_CACHE: cache }
  const server = await startKeyholdServer({ folder, workers: 1, core: undefined, env })
  try {
    await sleep(SETTLE_MS)
    const processesMiB = processTree(server.pid).map((pid) => residentMiB(pid) ?? Number.NaN)
    return { residentMiB: processesMiB.reduce((sum, value) => sum + value, 0), startMs: server.startMs }
  } finally {
    await server.stop()
  }
}
