/** Rates of signatures, MACs and data key pairs on one core, each against a bare loop of the same primitive on the same core. */
import { once } from 'node:events'
import { join } from 'node:path'
import type { BareOrder, BareResult } from './bare-loop.ts'
import {
  type CompareOptions,
  type LoadClient,
  measure,
  type Run,
  type Side,
  type Spread,
  type Summary,
  spread,
  startLoadClient,
  summary,
} from './compare.ts'
import { createKey, type KeyholdServer, startKeyholdServer } from './keyhold-server.ts'
import type { Primitive } from './primitives.ts'
import { cpuMs, placement, startNode, stop } from './processes.ts'
import { toBytes } from './signed-requests.ts'
import { requestsOf } from './workloads.ts'

export interface SigningFigure {
  readonly primitive: Primitive
  readonly barePerSecond: number
  readonly bareCpuMicros: number | undefined
  readonly keyhold: Summary
  /** Keyhold's rate over the bare loop's. */
  readonly ratio: Spread
}

interface BareLoop {
  /** @returns runs per second, and CPU time of each in microseconds. */
  run(order: BareOrder): Promise<{ perSecond: number; cpuMicros: number | undefined }>
  stop(): Promise<void>
}

const DISTINCT_REQUESTS_MAX = 64
/** Enough that no thread waits for the client, few enough that a queue of key pairs does not outlive its run by much. */
const POOL_CONNECTIONS = 8
/** Of what the other figures take: the bare loop is native code, and slow work hides what the compiler still has to learn. */
const WARM_UP_SHARE = 0.5
const ROUNDS_SHARE = 0.6
const SECONDS_SHARE = 0.6
const BARE_WARM_UP_SECONDS = 0.1

export async function measurePrimitives(
  primitives: readonly Primitive[],
  folder: string,
  options: CompareOptions,
  onFigure: (figure: SigningFigure) => void,
): Promise<void> {
  const cores = placement(1)
  const keyhold = await startKeyholdServer({ folder, workers: 1, core: cores.server })
  const client = startLoadClient(cores.client)
  const bare = startBareLoop(cores.server)
  try {
    for (const primitive of primitives) onFigure(await measurePrimitive(primitive, { keyhold, client, bare }, options))
  } finally {
    await bare.stop()
    await client.stop()
    await keyhold.stop()
  }
}

async function measurePrimitive(
  primitive: Primitive,
  { keyhold, client, bare }: { keyhold: KeyholdServer; client: LoadClient; bare: BareLoop },
  { connections, seconds, rounds, warmUpSeconds, distinctRequests }: CompareOptions,
): Promise<SigningFigure> {
  const { name, keySpec, keyUsage } = primitive
  const keyId = await createKey(keyhold.client(), { KeySpec: keySpec, KeyUsage: keyUsage })
  const signed = await requestsOf(primitive, keyhold, Math.min(DISTINCT_REQUESTS_MAX, distinctRequests), keyId)
  const side: Side = { server: keyhold, requests: signed.map(toBytes) }
  const used = primitive.bare.threads > 1 ? Math.min(POOL_CONNECTIONS, connections) : connections
  await bare.run({ name, seconds: BARE_WARM_UP_SECONDS })
  await measure(client, side, used, warmUpSeconds * WARM_UP_SHARE)
  const bareRuns: Awaited<ReturnType<BareLoop['run']>>[] = []
  const runs: Run[] = []
  for (let round = 0; round < Math.ceil(rounds * ROUNDS_SHARE); round++) {
    bareRuns.push(await bare.run({ name, seconds: seconds * SECONDS_SHARE }))
    runs.push(await measure(client, side, used, seconds * SECONDS_SHARE))
  }
  return {
    primitive,
    barePerSecond: spread(bareRuns.map(({ perSecond }) => perSecond)).median,
    bareCpuMicros:
      bareRuns[0]!.cpuMicros === undefined ? undefined : spread(bareRuns.map((run) => run.cpuMicros!)).median,
    keyhold: summary(runs),
    ratio: spread(runs.map((run, round) => run.requestsPerSecond / bareRuns[round]!.perSecond)),
  }
}

function startBareLoop(core: string | undefined): BareLoop {
  const child = startNode(join(import.meta.dirname, 'bare-loop.ts'), [], { core, messages: true })
  child.stderr!.pipe(process.stderr)
  const ended = once(child, 'exit').then(() => {
    throw new Error('the bare loop ended')
  })
  ended.catch(() => {})
  return {
    async run(order) {
      const before = cpuMs(child.pid!)
      child.send(order)
      const [result] = (await Promise.race([once(child, 'message'), ended])) as [BareResult]
      const after = cpuMs(child.pid!)
      const cpuMicros = before === undefined ? undefined : ((after! - before) * 1000) / result.completed
      return { perSecond: result.perSecond, cpuMicros }
    },
    stop: () => stop(child),
  }
}
