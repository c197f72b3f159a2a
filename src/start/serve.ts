/** A listening server over a data folder: in this process, or in several that share the port. */
import type { Log } from '../base/log.ts'
import { setServingFlags } from './heap-flags.ts'
import { openMeasuring, showMetrics } from './metrics.ts'
import type { Serving } from './serving.ts'
import type { WorkerTask } from './worker-messages.ts'

/** The folder is prepared, and its lock is held until after `stop`. */
export async function serve(workers: number, task: WorkerTask, log: Log): Promise<Serving> {
  const serving = await serveCalls(workers, task, log)
  return task.metrics === undefined ? serving : showMetrics(serving, task.metrics, log)
}

async function serveCalls(workers: number, task: WorkerTask, log: Log): Promise<Serving> {
  // Loaded when needed: a primary process that only watches its workers stays small.
  if (workers > 1) return (await import('./primary.ts')).startWorkers(workers, task, log)
  setServingFlags()
  const { openDurableNode } = await import('./node.ts')
  const { authentication, tls, trustedProxies, attestationRoots, settings, host, port } = task
  const node = 'worker-1'
  const measuring = task.metrics && (await openMeasuring(task.metrics, node, log))
  const metrics = measuring?.metrics
  const options = { ...settings, node, authentication, tls, trustedProxies, attestationRoots, metrics, log }
  const { service } = await openDurableNode(task.folder, task, options)
  try {
    const address = await service.listen({ host, port })
    const measure = measuring && (() => measuring.measureAlone())
    return { address, stop: () => service.stop(), ...(measure && { measure }), kill() {} }
  } catch (error) {
    await service.stop()
    throw error
  }
}
