/** Every latency is kept: a run is some hundred thousand numbers, and then the quantiles are exact. */
export interface Latencies {
  add(ms: number): void
  sorted(): Float64Array
}

export function createLatencies(): Latencies {
  let values = new Float64Array(65_536)
  let count = 0
  return {
    add(ms) {
      if (count === values.length) {
        const longer = new Float64Array(values.length * 2)
        longer.set(values)
        values = longer
      }
      values[count++] = ms
    },
    sorted: () => values.subarray(0, count).sort(),
  }
}

export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
