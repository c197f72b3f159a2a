/** The processes of the benchmark: started on their cores, watched, and ended by their ids. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'

const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 10_000

const started = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL')
})

const hasTaskset = process.platform === 'linux' && spawnSync('taskset', ['-V']).status === 0

/** Which cores the servers and the client run on; `undefined`: wherever the system puts them. */
export interface Placement {
  readonly server: string | undefined
  readonly client: string | undefined
  readonly described: string
}

/** @param serverCores how many cores the server gets; the client gets the next one. */
export function placement(serverCores: number): Placement {
  const cores = availableParallelism()
  if (!hasTaskset || cores <= serverCores) {
    const reason = hasTaskset
      ? `${cores} cores are shared by server and client`
      : 'no taskset: processes are not pinned'
    return { server: undefined, client: undefined, described: reason }
  }
  const server = Array.from({ length: serverCores }, (_, core) => core).join(',')
  return { server, client: String(serverCores), described: `server on core ${server}, client on core ${serverCores}` }
}

export interface StartOptions {
  readonly core: string | undefined
  readonly env?: Readonly<Record<string, string>>
  /** Passes messages with Buffers in them. */
  readonly messages?: boolean
  readonly nodeOptions?: readonly string[]
}

/** Runs a script with this same Node. */
export function startNode(script: string, args: readonly string[], options: StartOptions): ChildProcess {
  const command = [process.execPath, ...(options.nodeOptions ?? []), script, ...args]
  // taskset replaces itself by the command, so the id and the channels are those of Node.
  if (options.core !== undefined) command.unshift('taskset', '-c', options.core)
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe', ...(options.messages ? (['ipc'] as const) : [])],
    serialization: 'advanced',
    env: { ...process.env, ...options.env },
  })
  started.add(child)
  child.once('exit', () => started.delete(child))
  return child
}

export interface Server {
  readonly pid: number
  readonly port: number
  /** From the start of the process to its `listening on` line. */
  readonly startMs: number
  /** @throws {Error} with what it printed, if it has ended. */
  assertAlive(): void
  stop(): Promise<void>
}

/** Starts a server and waits for the line that says where it listens. */
export async function startServer(script: string, args: readonly string[], options: StartOptions): Promise<Server> {
  const before = performance.now()
  const child = startNode(script, args, options)
  const printed = collect(child)
  const assertAlive = () => {
    if (child.exitCode === null && child.signalCode === null) return
    throw new Error(`the server ended (${child.exitCode ?? child.signalCode}):\n${printed.text()}`)
  }
  const timeout = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`the server did not start:\n${printed.text()}`)), START_TIMEOUT_MS).unref()
  })
  const ended = once(child, 'exit').then(() => assertAlive())
  const port = await Promise.race([printed.port, ended, timeout]).catch(async (error) => {
    await stop(child)
    throw error
  })
  return { pid: child.pid!, port: port!, startMs: performance.now() - before, assertAlive, stop: () => stop(child) }
}

function collect(child: ChildProcess): { port: Promise<number>; text(): string } {
  const lines: string[] = []
  const port = new Promise<number>((resolve) => {
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface(stream).on('line', (line) => {
        if (lines.length < 200) lines.push(line)
        const listening = /listening on https?:\/\/\S+:(\d+)/.exec(line)
        if (listening !== null) resolve(Number(listening[1]))
      })
    }
  })
  return { port, text: () => lines.join('\n') }
}

/** SIGTERM, and SIGKILL for what does not obey. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(timer)
}

/** `pid` and everything it started. Linux; elsewhere only `pid`. */
export function processTree(pid: number): number[] {
  if (process.platform !== 'linux') return [pid]
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(statFields(Number(name))?.[1]) }))
  const tree = [pid]
  for (const member of tree) tree.push(...parents.filter(({ parent }) => parent === member).map((child) => child.pid))
  return tree
}

/** Fields of /proc/PID/stat from the third on (state, parent, …); the second, a name in parentheses, may contain anything. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** Kernel ticks are hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10

/** User and system time of a process and everything it started, in milliseconds; `undefined` where it cannot be told. */
export function cpuMs(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  let ticks = 0
  for (const member of processTree(pid)) {
    const fields = statFields(member)
    if (fields !== undefined) ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks * TICK_MS
}

/** Resident memory in MiB; `undefined` where it cannot be told. */
export function residentMiB(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  return line === null ? undefined : Number(line[1]) / 1024
}
