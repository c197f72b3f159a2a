/**
 * Two servers under the same load in turn, several times over. Machines are noisy, so a figure is the median of the ratios
 * of neighbouring runs, printed with the least and the greatest of them.
 */
import type { LoadOrder, LoadResult } from './load.ts'
import type { LoadReport } from './load-client.ts'
import { cpuMs, type Server, startNode, stop } from './processes.ts'

export interface Side {
  readonly server: Server
  readonly requests: readonly Uint8Array[]
}

export interface Run extends LoadResult {
  /** Of the server and its kernel work, user and system; `undefined` where it cannot be told. */
  readonly cpuMicrosPerRequest: number | undefined
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Comparison {
  readonly reference: Summary
  readonly subject: Summary
  /** Subject's rate over reference's. */
  readonly ratio: Spread
}

export interface Summary {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuMicrosPerRequest: number | undefined
  readonly clientBusy: number
}

export interface CompareOptions {
  readonly connections: number
  readonly seconds: number
  readonly rounds: number
  /** Long enough for the compiler to have seen every path of the hot code. */
  readonly warmUpSeconds: number
  /** Signed before a run and sent in turn. */
  readonly distinctRequests: number
}

export interface LoadClient {
  run(order: LoadOrder): Promise<LoadResult>
  stop(): Promise<void>
}

/** Beyond the length of a run, for connecting and for the last answers. */
const GRACE_MS = 15_000

export function startLoadClient(core: string | undefined): LoadClient {
  const child = startNode(`${import.meta.dirname}/load-client.ts`, [], { core, messages: true })
  child.stderr!.pipe(process.stderr)
  return {
    run: (order) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error('the load client does not answer')),
          order.seconds * 1000 + GRACE_MS,
        )
        const onExit = () => reject(new Error('the load client ended'))
        child.once('exit', onExit)
        child.once('message', (report: LoadReport) => {
          clearTimeout(timer)
          child.off('exit', onExit)
          if ('failure' in report) reject(new Error(`load failed: ${report.failure}`))
          else resolve(report.result)
        })
        child.send(order)
      }),
    stop: () => stop(child),
  }
}

export async function compare(
  client: LoadClient,
  reference: Side,
  subject: Side,
  options: CompareOptions,
): Promise<Comparison> {
  const [references, subjects] = await inTurn(client, [reference, subject], options)
  return comparison(references!, subjects!)
}

/** @returns the runs of each side, one a round. */
export async function inTurn(
  client: LoadClient,
  sides: readonly Side[],
  { connections, seconds, rounds, warmUpSeconds }: CompareOptions,
): Promise<readonly (readonly Run[])[]> {
  for (const side of sides) await measure(client, side, connections, warmUpSeconds)
  const runs: Run[][] = sides.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, side] of sides.entries()) runs[index]!.push(await measure(client, side, connections, seconds))
  }
  return runs
}

/** Of sides that ran in turn. */
export function comparison(references: readonly Run[], subjects: readonly Run[]): Comparison {
  const ratios = subjects.map((run, round) => run.requestsPerSecond / references[round]!.requestsPerSecond)
  return { reference: summary(references), subject: summary(subjects), ratio: spread(ratios) }
}

export async function measure(
  client: LoadClient,
  { server, requests }: Side,
  connections: number,
  seconds: number,
): Promise<Run> {
  server.assertAlive()
  const before = cpuMs(server.pid)
  const result = await client.run({ port: server.port, connections, seconds, requests }).catch((error) => {
    server.assertAlive()
    throw error
  })
  const after = cpuMs(server.pid)
  const spent = before === undefined || after === undefined ? undefined : after - before
  return { ...result, cpuMicrosPerRequest: spent === undefined ? undefined : (spent * 1000) / result.completed }
}

export function summary(runs: readonly Run[]): Summary {
  const middle = (read: (run: Run) => number) => spread(runs.map(read)).median
  const hasCpu = runs.every((run) => run.cpuMicrosPerRequest !== undefined)
  return {
    requestsPerSecond: middle((run) => run.requestsPerSecond),
    p50Ms: middle((run) => run.p50Ms),
    p99Ms: middle((run) => run.p99Ms),
    cpuMicrosPerRequest: hasCpu ? middle((run) => run.cpuMicrosPerRequest!) : undefined,
    clientBusy: middle((run) => run.clientBusy),
  }
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right)
  const half = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}
