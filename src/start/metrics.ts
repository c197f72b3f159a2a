/** Metrics of a running server: what measures is loaded only where somebody wants to know. */
import { systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { isLoopback } from '../config/listen-rules.ts'
import { OperatorError } from '../config/operator-error.ts'
import type { NodeMetrics } from '../metrics/node-metrics.ts'
import type { Measured, Samples } from '../metrics/samples.ts'
import type { Serving } from './serving.ts'
import { VERSION } from './version.ts'

/** Plain data: workers get it by message. */
export interface MetricsSettings {
  readonly host: string
  readonly port: number
  /** Count successes by key, too. */
  readonly byKey: boolean
  /** That the start has found and cut off. */
  readonly tornFrames: number
}

export interface Measuring {
  readonly metrics: NodeMetrics
  measure(withStore: boolean): Promise<Measured>
  /** Of a server that is this process alone. */
  measureAlone(): Promise<Samples>
}

/** @param node the process's name among all of this server. */
export async function openMeasuring({ byKey }: MetricsSettings, node: string, log: Log): Promise<Measuring> {
  const [{ NodeMetrics }, { combined }] = await Promise.all([
    import('../metrics/node-metrics.ts'),
    import('../metrics/samples.ts'),
  ])
  const metrics = new NodeMetrics({ node, clock: systemClock, byKey })

  /** A store that does not answer must not hide the rest. */
  async function measure(withStore: boolean): Promise<Measured> {
    const own = metrics.samples()
    try {
      return { own, store: withStore ? await metrics.storeSamples() : undefined }
    } catch (error) {
      log.error({ err: error }, 'what metrics tell of the store could not be read')
      return { own, store: undefined }
    }
  }

  return {
    metrics,
    measure,
    async measureAlone() {
      const { own, store } = await measure(true)
      return combined([own, store ?? {}, serverSamples(1, 0, 0)])
    },
  }
}

/** What is told of a server as a whole. @param unheard processes that did not answer in time. */
export function serverSamples(workers: number, restarts: number, unheard: number): Samples {
  const one = (value: number) => [{ labels: [], value }]
  return {
    keyhold_workers: one(workers),
    keyhold_worker_restarts_total: one(restarts),
    keyhold_metrics_unheard_processes: one(unheard),
  }
}

/** Listens for those who collect metrics, as long as it serves. */
export async function showMetrics(serving: Serving, settings: MetricsSettings, log: Log): Promise<Serving> {
  const { host, port, tornFrames } = settings
  try {
    const [{ listenForCollectors }, { combined }, { TEXT_TYPE, textOf }] = await Promise.all([
      import('../wire/metrics-listener.ts'),
      import('../metrics/samples.ts'),
      import('../metrics/text.ts'),
    ])
    const constant: Samples = {
      keyhold_build_info: [{ labels: [VERSION, process.version], value: 1 }],
      keyhold_audit_torn_frames: [{ labels: [], value: tornFrames }],
    }
    const collect = async () => {
      const text = textOf(combined([await serving.measure!(), constant]))
      return { type: TEXT_TYPE, text }
    }
    const listener = await listenForCollectors({ host, port }, isLoopback(host), collect, log).catch((cause: Error) => {
      throw new OperatorError(`cannot listen for those who collect metrics: ${cause.message}`, {
        hint: 'choose another --metrics-port, or 0 for any free one, or another --metrics-host',
        cause,
      })
    })
    const { address } = listener
    const name = address.host.includes(':') ? `[${address.host}]` : address.host
    log.info({ url: `http://${name}:${address.port}/metrics` }, 'metrics can be collected')
    const stop = async () => {
      await listener.close()
      await serving.stop()
    }
    return { ...serving, stop }
  } catch (error) {
    await serving.stop()
    throw error
  }
}
