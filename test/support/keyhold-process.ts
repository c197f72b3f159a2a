/** A real `keyhold start` or `keyhold dev` in a process of its own, over a temporary data folder. */
import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.js')
const READY_TIMEOUT_MS = 60_000

export interface KeyholdProcess {
  readonly endpoint: string
  readonly pid: number
  /** Everything that it printed so far, both streams. */
  output(): string
  /** Sends the signal and waits for the end. @returns the exit code, `null` if a signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | null>
  /** Resolves when it has ended. */
  readonly ended: Promise<number | null>
}

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export function temporaryFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `keyhold-${name}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** A command that ends by itself. @param args what follows `keyhold`. */
export function runKeyhold(args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
}

/** Arguments of the command line after `keyhold`; waits for the line that says where it listens. */
export async function startKeyholdProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<KeyholdProcess> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const endpoint = await readyLine(child, (text) => {
    output += text
    return output
  })
  return {
    endpoint,
    pid: child.pid!,
    output: () => output,
    ended,
    end(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}

function readyLine(child: ChildProcess, collect: (text: string) => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`keyhold did not get ready:\n${collect('')}`))
    }, READY_TIMEOUT_MS)
    const read = (chunk: Buffer) => {
      const ready = /^listening on ((?:https?|unix):\/\/\S+)$/m.exec(collect(chunk.toString()))
      if (ready === null) return
      clearTimeout(timer)
      resolve(ready[1]!)
    }
    child.stdout!.on('data', read)
    child.stderr!.on('data', read)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`keyhold ended with ${code}:\n${collect('')}`))
    })
  })
}

/** Process ids, on Linux. */
export function childrenOf(pid: number): number[] {
  const folder = `/proc/${pid}/task/${pid}/children`
  return existsSync(folder) ? readFileSync(folder, 'utf8').split(' ').filter(Boolean).map(Number) : []
}

/** What the first start wrote for the administrator. */
export function readCredentials(dataFolder: string): Credentials {
  const text = readFileSync(join(dataFolder, 'credentials'), 'utf8')
  const value = (name: string) => new RegExp(`^${name}\\s*=\\s*(\\S+)$`, 'm').exec(text)![1]!
  return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') }
}
