/** One worker process: a node that its primary starts and stops. */
import { flushCompileCache } from 'node:module'
import type { Log } from '../base/log.ts'
import { SecretRefusedError } from '../crypto/root-key/root-key.ts'
import type { Measured } from '../metrics/samples.ts'
import type { Bound } from '../service.ts'
import { dataFolder } from './data-folder.ts'
import { explainError } from './explain-error.ts'
import { joinFolder } from './folder-lock.ts'
import { createLogger } from './logger.ts'
import { openMeasuring } from './metrics.ts'
import { openDurableNode } from './node.ts'
import type { FromWorker, ToWorker, WorkerTask } from './worker-messages.ts'

interface RunningNode {
  listen(): Promise<Bound>
  refresh(): Promise<void>
  measure(withStore: boolean): Promise<Measured | undefined>
  stop(): Promise<void>
}

function runWorker(): void {
  let starting: Promise<RunningNode | undefined> = Promise.resolve(undefined)
  let isStopping = false
  const unsealed: Record<string, string> = {}

  async function refresh(): Promise<void> {
    const running = await starting
    if (!isStopping) await running?.refresh()
  }

  async function measure(round: number, withStore: boolean): Promise<void> {
    const measured = await (await starting)?.measure(withStore)
    if (measured !== undefined) report({ kind: 'measured', round, ...measured })
  }

  async function stop(): Promise<void> {
    isStopping = true
    const running = await starting
    try {
      await running?.stop()
    } finally {
      process.exit(0)
    }
  }

  process.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') void stop()
    else if (message.kind === 'refresh') void refresh()
    else if (message.kind === 'measure') void measure(message.round, message.withStore)
    else if (message.kind === 'unsealed') unsealed[message.rootKeyId] = message.secret
    else {
      // The same object from here on: it is looked into when a root key is opened.
      Object.assign(unsealed, message.task.unsealed)
      starting = start(message.node, { ...message.task, unsealed })
    }
  })
  // A terminal signals the whole group; the primary decides. A signal for this process alone is meant for it.
  process.on('SIGINT', () => {})
  process.on('SIGHUP', () => {})
  process.once('SIGTERM', stop)
  // Without its primary nobody would restart it, and it would keep the folder locked.
  process.on('disconnect', () => process.exit(1))
}

async function start(node: string, task: WorkerTask): Promise<RunningNode | undefined> {
  try {
    const log = createLogger({ level: task.logLevel, node, forPerson: process.stderr.isTTY === true })
    const running = await open(node, task, log)
    report({ kind: 'listening', address: await running.listen() })
    flushCompileCache()
    return running
  } catch (error) {
    const explained = explainError(error)
    const message = explained?.message ?? (error as Error).stack ?? String(error)
    const fault = error instanceof SecretRefusedError ? 'secret refused' : explained === undefined ? 'bug' : undefined
    report({ kind: 'failed', message, hint: explained?.hint, fault })
    return undefined
  }
}

async function open(node: string, task: WorkerTask, log: Log): Promise<RunningNode> {
  const lock = joinFolder(dataFolder(task.folder))
  const { authentication, tls, trustedProxies, attestationRoots, settings } = task
  const measuring = task.metrics && (await openMeasuring(task.metrics, node, log))
  const metrics = measuring?.metrics
  const options = { ...settings, node, authentication, tls, trustedProxies, attestationRoots, metrics, log }
  const { service, store } = await openDurableNode(task.folder, task, options)
  store.onCommit(() => report({ kind: 'changed' }))
  const stop = async () => {
    await service.stop()
    lock.release()
  }
  const measure = async (withStore: boolean) => {
    try {
      return await measuring?.measure(withStore)
    } catch (error) {
      log.error({ err: error }, 'this process cannot say what it has measured')
      return undefined
    }
  }
  return { listen: () => service.listen(task), refresh: service.refresh, measure, stop }
}

function report(message: FromWorker): void {
  // Without its primary it is about to end.
  if (process.connected) process.send!(message)
}

runWorker()
