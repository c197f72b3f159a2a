/** The primary process: starts workers that share the port, replaces those that die, and stops them together. */
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SHUTDOWN_TIMEOUT_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { OperatorError } from '../config/operator-error.ts'
import { PASSPHRASE_VARIABLE } from '../config/passphrase.ts'
import { ROOT_KEY_PIN_VARIABLE } from '../config/root-key-pin.ts'
import { STORE_PASSWORD_VARIABLE } from '../config/store-password.ts'
import type { Address, Bound } from '../service.ts'
import type { XksProxySettings } from '../xks-proxy/settings.ts'
import { WORKER_FLAGS } from './heap-flags.ts'
import type { Serving } from './serving.ts'
import type { FromWorker, ToWorker, WorkerTask } from './worker-messages.ts'
import type { WorkerMeter } from './worker-meter.ts'

const RESTART_DELAY_MS_MIN = 100
const RESTART_DELAY_MS_MAX = 10_000
/** An HSM locks out whoever gives a wrong PIN again and again; the operator can restart the server with the right one at once. */
const REFUSED_RESTART_DELAY_MS = 10 * 60_000
/** A worker that ran this long has earned a quick restart. */
const STABLE_AFTER_MS = 60_000
/** Beyond what a worker gives its own connections. */
const STOP_GRACE_MS = 5_000

/**
 * Linux gives every worker a socket of its own and spreads the connections; those that wait at a worker that dies are refused,
 * and clients try again. Elsewhere node:cluster hands them out, and one that is on its way to a dying worker hangs.
 */
const SYSTEM_SHARES_PORTS = process.platform === 'linux'

/** `.ts` in the repository, `.js` in the package. */
const WORKER_FILE = fileURLToPath(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url))

/** @returns once all workers listen. @throws {OperatorError} if one of them cannot start; none runs then. */
export async function startWorkers(count: number, task: WorkerTask, log: Log): Promise<Serving> {
  cluster.setupPrimary({ exec: WORKER_FILE, args: [], execArgv: [...process.execArgv, ...WORKER_FLAGS] })
  const sharing = SYSTEM_SHARES_PORTS ? await withFreePorts(task) : task
  const measured = task.metrics && new (await import('./measured-workers.ts')).MeasuredWorkers()
  const slots: Slot[] = Array.from({ length: count }, (_, index) =>
    createSlot({
      node: `worker-${index + 1}`,
      task: sharing,
      log,
      onChange() {
        // They read what it has changed.
        for (const [other, slot] of slots.entries()) if (other !== index) slot.tell({ kind: 'refresh' })
      },
      onDeath: () => measured?.workerDied(),
      meter: measured?.addMeter(),
    }),
  )
  try {
    const [address] = await Promise.all(slots.map((slot) => slot.start()))
    for (const slot of slots) slot.keepAlive()
    const stop = async () => {
      await stopAll(slots)
      measured?.stop()
    }
    return {
      address: address!,
      stop,
      unsealed(rootKeyId) {
        for (const slot of slots) slot.tell({ kind: 'unsealed', rootKeyId, secret: task.unsealed[rootKeyId]! })
      },
      ...(measured && { measure: () => measured.measure() }),
      kill: () => killAll(slots),
    }
  } catch (error) {
    killAll(slots)
    throw error
  }
}

/** Both are held until both are found, so that they are two. */
async function withFreePorts(task: WorkerTask): Promise<WorkerTask> {
  const { port, release } = await holdPort(task)
  try {
    const sharing = { ...task, port, isShared: true }
    const { xksProxy } = task.settings
    return xksProxy === undefined
      ? sharing
      : { ...sharing, settings: { ...task.settings, xksProxy: await withFreePort(xksProxy) } }
  } finally {
    await release()
  }
}

async function withFreePort(settings: XksProxySettings): Promise<XksProxySettings> {
  const { listen } = settings
  try {
    const { port, release } = await holdPort(listen)
    await release()
    return { ...settings, listen: { ...listen, port } }
  } catch (error) {
    const { cannotListen } = await import('../xks-proxy/start-error.ts')
    throw cannotListen(listen, error as Error)
  }
}

/**
 * The port that all workers will share. Sharing must be tried before it is done: two servers that both share would not notice
 * one another, and clients would meet now this one, now that one.
 */
async function holdPort({ host, port }: Address): Promise<{ readonly port: number; release(): Promise<unknown> }> {
  const probe = createServer()
  probe.listen({ host, port })
  await once(probe, 'listening')
  return {
    port: (probe.address() as AddressInfo).port,
    release() {
      probe.close()
      return once(probe, 'close')
    },
  }
}

async function stopAll(slots: readonly Slot[]): Promise<void> {
  await Promise.all(slots.map((slot) => slot.stop()))
}

function killAll(slots: readonly Slot[]): void {
  for (const slot of slots) slot.kill()
}

interface Slot {
  start(): Promise<Bound>
  /** From now on a worker that dies is replaced. */
  keepAlive(): void
  tell(message: ToWorker): void
  stop(): Promise<void>
  kill(): void
}

interface SlotOptions {
  /** Stays the same from one process to the next, so its successor finds its outbox. */
  readonly node: string
  readonly task: WorkerTask
  readonly log: Log
  onChange(): void
  /** It is replaced. */
  onDeath(): void
  readonly meter: WorkerMeter | undefined
}

/** The place of one worker. */
function createSlot({ node, task, log, onChange, onDeath, meter }: SlotOptions): Slot {
  let worker: Worker | undefined
  let stopping = false
  let delayMs = RESTART_DELAY_MS_MIN
  let timer: NodeJS.Timeout | undefined
  let startedAt = 0

  async function start(): Promise<Bound> {
    // Nothing of our environment but what the system needs: a passphrase or a password is not among it.
    worker = cluster.fork({ [PASSPHRASE_VARIABLE]: '', [ROOT_KEY_PIN_VARIABLE]: '', [STORE_PASSWORD_VARIABLE]: '' })
    startedAt = performance.now()
    meter?.follow(worker)
    worker.on('message', ({ kind }: FromWorker) => {
      if (kind === 'changed') onChange()
    })
    return firstReport(worker, node, task)
  }

  function keepAlive(): void {
    if (worker === undefined || worker.isDead()) replace('before it was watched')
    else worker.once('exit', (code, signal) => replace(signal ?? `exit code ${code}`))
  }

  function replace(reason: string): void {
    if (stopping) return
    onDeath()
    if (performance.now() - startedAt > STABLE_AFTER_MS) delayMs = RESTART_DELAY_MS_MIN
    log.error({ node, reason, restartInMs: delayMs }, 'a worker died')
    timer = setTimeout(restart, delayMs)
    delayMs = Math.min(delayMs * 2, RESTART_DELAY_MS_MAX)
  }

  async function restart(): Promise<void> {
    try {
      await start()
      log.info({ node }, 'a worker took the place of the one that died')
      keepAlive()
    } catch (error) {
      worker?.process.kill('SIGKILL')
      if (error instanceof SecretRefused) delayMs = REFUSED_RESTART_DELAY_MS
      replace((error as Error).message)
    }
  }

  return {
    start,
    keepAlive,
    tell(message) {
      if (worker?.isConnected()) send(worker, message)
    },
    async stop() {
      stopping = true
      clearTimeout(timer)
      if (worker === undefined || worker.isDead()) return
      const stopped = once(worker, 'exit')
      const lastResort = setTimeout(() => worker?.process.kill('SIGKILL'), SHUTDOWN_TIMEOUT_MS + STOP_GRACE_MS)
      send(worker, { kind: 'stop' })
      await stopped
      clearTimeout(lastResort)
    },
    kill() {
      stopping = true
      clearTimeout(timer)
      worker?.process.kill('SIGKILL')
    },
  }
}

/** Gives a worker its task and waits until it listens or says why it cannot. */
function firstReport(worker: Worker, node: string, task: WorkerTask): Promise<Bound> {
  return new Promise((resolve, reject) => {
    const died = (code: number, signal: string) => {
      reject(new OperatorError(`a worker process ended before it was ready (${signal || `exit code ${code}`})`))
    }
    worker.once('exit', died)
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'changed' || message.kind === 'measured') return
      worker.off('exit', died)
      if (message.kind === 'listening') resolve(message.address)
      else reject(startError(message))
    })
    send(worker, { kind: 'start', node, task })
  })
}

function startError({ message, hint, fault }: Extract<FromWorker, { kind: 'failed' }>): Error {
  if (fault === 'bug') return new Error(message)
  return fault === undefined ? new OperatorError(message, { hint }) : new SecretRefused(message, { hint })
}

/** As the worker was refused. */
class SecretRefused extends OperatorError {}

function send(worker: Worker, message: ToWorker): void {
  // A worker that is gone is noticed by its exit, not here.
  worker.send(message, undefined, () => {})
}
