/** A node's side of the process that has a PKCS #11 library loaded: it waits for no answer longer than its budget (HF-1). */
import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HSM_CALL_MS_MAX, HSM_SESSIONS_MAX, HSM_SETUP_MS_MAX } from '../base/limits.ts'
import type { HsmCluster } from './hsm-cluster.ts'
import { type CommandName, type Commands, HsmError, type Reply } from './messages.ts'

export interface ModuleClient {
  /** @throws {HsmError} also `TIMED_OUT`, after which the process is killed, `CRASHED`, and `NOT_SENT` where it had ended before. */
  call<Name extends CommandName>(name: Name, takes: Commands[Name]['takes']): Promise<Commands[Name]['gives']>
  readonly isAlive: boolean
  /** The node may end without closing it, and takes it with it; calls under way still keep the node. */
  unref(): void
  /**
   * Ends the process at once: a library keeps nothing that would have to be written.
   * @param cause what calls under way are told
   */
  close(cause?: HsmError): Promise<void>
}

interface Pending {
  resolve(gives: unknown): void
  reject(error: Error): void
  readonly timer: NodeJS.Timeout
}

/** Loading, looking for tokens, logging in and making keys may take a network HSM longer than a message. */
const SETUP: ReadonlySet<CommandName> = new Set([
  'load',
  'allTokens',
  'findTokens',
  'login',
  'setPin',
  'selfTest',
  'findMissing',
  'keysLabelled',
  'generateKey',
])

/** `.ts` in the repository, `.js` in the package. */
const PROCESS_FILE = fileURLToPath(new URL(`./module-process${extname(import.meta.filename)}`, import.meta.url))

/** For the address of a buffer, which one derivation mechanism needs; the warning is for those who write programs. */
const FLAGS = ['--experimental-ffi', '--disable-warning=ExperimentalWarning']

export type ModuleChoice = Pick<HsmCluster, 'module' | 'gcmParameters' | 'environment'>

/** With the library loaded. @throws {HsmError} `NO_PACKAGE`, `NO_LIBRARY`, or what its initialisation failed with. */
export async function startModule({ module, gcmParameters, environment }: ModuleChoice): Promise<ModuleClient> {
  const child = fork(PROCESS_FILE, [], {
    serialization: 'advanced',
    execArgv: FLAGS,
    env: { ...withoutOurs(process.env), ...environment, UV_THREADPOOL_SIZE: String(HSM_SESSIONS_MAX) },
    // Nothing that a library prints is ours to show.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const client = createClient(child)
  try {
    await client.call('load', { module, gcmParameters })
    return client
  } catch (error) {
    await client.close()
    throw error
  }
}

/** Libraries are told by variables where their configuration is; ours, which may hold secrets, are not theirs to see. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('KEYHOLD_')))
}

function createClient(child: ChildProcess): ModuleClient {
  const pending = new Map<number, Pending>()
  const exited = new Promise((resolve) => child.once('exit', resolve))
  let lastId = 0
  let isAlive = true

  function fail(error: Error): void {
    isAlive = false
    for (const [id, { reject, timer }] of pending) {
      clearTimeout(timer)
      pending.delete(id)
      reject(error)
    }
  }

  child.on('message', (reply: Reply) => {
    const call = pending.get(reply.id)
    if (call === undefined) return
    pending.delete(reply.id)
    clearTimeout(call.timer)
    if (reply.failure === undefined) call.resolve(reply.gives)
    else call.reject(new HsmError(reply.failure.code, reply.failure.message))
  })
  function crashed(reason: unknown): void {
    isAlive = false
    const error = new HsmError('CRASHED', `the process of the PKCS #11 library ended: ${reason}`)
    // Calls that could not be sent any more are told so in the next turn of the event loop.
    setImmediate(() => setImmediate(fail, error))
  }
  child.once('exit', (code, signal) => crashed(signal ?? `exit code ${code}`))
  child.once('error', (error) => crashed(error.message))

  async function close(cause?: HsmError): Promise<void> {
    isAlive = false
    if (cause !== undefined) fail(cause)
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      child.ref()
      child.kill('SIGKILL')
      await exited
    }
  }

  return {
    get isAlive() {
      return isAlive
    },
    call(name, takes) {
      const id = ++lastId
      const budgetMs = SETUP.has(name) ? HSM_SETUP_MS_MAX : HSM_CALL_MS_MAX
      return new Promise((resolve, reject) => {
        const timedOut = () => {
          fail(new HsmError('TIMED_OUT', `the PKCS #11 library did not answer ${name} within ${budgetMs} ms`))
          void close()
        }
        const timer = setTimeout(timedOut, budgetMs)
        pending.set(id, { resolve: resolve as (gives: unknown) => void, reject, timer })
        const notSent = () => {
          isAlive = false
          pending.delete(id)
          clearTimeout(timer)
          reject(new HsmError('NOT_SENT', 'the process of the PKCS #11 library had ended'))
        }
        if (!isAlive) return notSent()
        // The process may be gone and its exit still to be noticed.
        child.send({ id, name, takes }, undefined, undefined, (error) => {
          if (error !== null) notSent()
        })
      })
    },
    unref() {
      child.unref()
      child.channel?.unref()
    },
    close,
  }
}
