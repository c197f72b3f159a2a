/** What every process says of itself. */
import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Samples } from './samples.ts'

const LAG_RESOLUTION_MS = 20
const PERCENTILES = { p50: 50, p99: 99, max: 100 } as const

/** @param name of the process among those of this server. Begins to watch its event loop. */
export function watchProcess(name: string): { samples(): Samples; stop(): void } {
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
  lag.enable()
  const since: EventLoopUtilization = performance.eventLoopUtilization()
  const startedAt = performance.timeOrigin / 1000

  /** A timer that is on time comes after the resolution. */
  function lateBy(percentile: number): number {
    if (lag.count === 0) return 0
    return Math.max(0, lag.percentile(percentile) / 1e9 - LAG_RESOLUTION_MS / 1000)
  }

  return {
    samples() {
      const { user, system } = process.cpuUsage()
      const { rss, heapUsed } = process.memoryUsage()
      const lags = Object.entries(PERCENTILES).map(([statistic, percentile]) => ({
        labels: [name, statistic],
        value: lateBy(percentile),
      }))
      lag.reset()
      const labels = [name]
      const busy = performance.eventLoopUtilization(performance.eventLoopUtilization(), since).active / 1000
      return {
        keyhold_event_loop_lag_seconds: lags,
        keyhold_event_loop_busy_seconds_total: [{ labels, value: busy }],
        process_cpu_seconds_total: [{ labels, value: (user + system) / 1e6 }],
        process_resident_memory_bytes: [{ labels, value: rss }],
        process_start_time_seconds: [{ labels, value: startedAt }],
        nodejs_heap_size_used_bytes: [{ labels, value: heapUsed }],
      }
    },
    stop: () => lag.disable(),
  }
}
