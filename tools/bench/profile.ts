/** `npm run bench -- --profile`: where Keyhold spends its time, in microseconds per request. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type LoadClient, startLoadClient } from './compare.ts'
import { type CpuProfile, type SelfTimes, selfTimes, type Window } from './cpu-profile.ts'
import { createKey, type KeyholdServer, startKeyholdServer } from './keyhold-server.ts'
import type { Primitive } from './primitives.ts'
import { placement } from './processes.ts'
import { toBytes } from './signed-requests.ts'
import { markdownTable } from './table.ts'
import { requestsOf, type Workload } from './workloads.ts'

const SAMPLING_MICROS = 200
const WARM_UP_SECONDS = 2
const PROFILED_SECONDS = 3
const FUNCTIONS_SHOWN = 40

type Profiled = Workload | Primitive

interface ProfileOptions {
  readonly folder: string
  readonly connections: number
  readonly distinctRequests: number
}

interface ProfiledRun {
  readonly workload: Profiled
  readonly window: Window
  readonly completed: number
}

export async function printProfiles(workloads: readonly Profiled[], options: ProfileOptions): Promise<void> {
  const profiles = mkdtempSync(join(options.folder, 'keyhold-profile-'))
  try {
    const runs = await profiledRuns(workloads, profiles, options)
    const found = readdirSync(profiles).map(
      (name) => JSON.parse(readFileSync(join(profiles, name), 'utf8')) as CpuProfile,
    )
    if (found.length === 0) throw new Error('the server wrote no profile')
    for (const run of runs) printRun(run, found)
  } finally {
    rmSync(profiles, { recursive: true, force: true })
  }
}

async function profiledRuns(workloads: readonly Profiled[], profiles: string, options: ProfileOptions) {
  const cores = placement(1)
  // By the environment, so that worker processes are profiled too.
  const env = { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles} --cpu-prof-interval=${SAMPLING_MICROS}` }
  const server = await startKeyholdServer({ folder: options.folder, workers: 1, core: cores.server, env })
  const client = startLoadClient(cores.client)
  try {
    const runs: ProfiledRun[] = []
    for (const workload of workloads) runs.push(await profiledRun(workload, server, client, options))
    return runs
  } finally {
    await client.stop()
    // The profile is written when the process ends.
    await server.stop()
  }
}

async function profiledRun(
  workload: Profiled,
  server: KeyholdServer,
  client: LoadClient,
  { connections, distinctRequests }: ProfileOptions,
) {
  const keyId =
    'keySpec' in workload
      ? await createKey(server.client(), { KeySpec: workload.keySpec, KeyUsage: workload.keyUsage })
      : server.keyId
  const requests = (await requestsOf(workload, server, distinctRequests, keyId)).map(toBytes)
  const order = { port: server.port, connections, requests }
  await client.run({ ...order, seconds: WARM_UP_SECONDS })
  const from = monotonicMicros()
  const { completed } = await client.run({ ...order, seconds: PROFILED_SECONDS })
  return { workload, window: { from, to: monotonicMicros() }, completed }
}

function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

function printRun({ workload, window, completed }: ProfiledRun, profiles: readonly CpuProfile[]): void {
  // Of several processes the one that did the work.
  const times = profiles
    .map((profile) => selfTimes(profile, window))
    .sort((left, right) => right.busyMicros - left.busyMicros)[0]!
  const busy = times.busyMicros / completed
  process.stdout.write(`${workload.title}: ${busy.toFixed(1)} µs per request on the main thread\n\n`)
  process.stdout.write(`${timesTable('part', times.byPart, times, completed)}\n\n`)
  process.stdout.write(`${timesTable('function', times.byFunction, times, completed, FUNCTIONS_SHOWN)}\n\n`)
}

function timesTable(
  title: string,
  by: ReadonlyMap<string, number>,
  { busyMicros }: SelfTimes,
  completed: number,
  shown = by.size,
) {
  const rows = [...by]
    .sort(([, left], [, right]) => right - left)
    .slice(0, shown)
    .map(([name, micros]) => [name, (micros / completed).toFixed(2), `${((micros / busyMicros) * 100).toFixed(1)} %`])
  return markdownTable([title, 'µs per request', 'share'], rows)
}
