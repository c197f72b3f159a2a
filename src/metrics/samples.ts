/** What a process has measured, as plain data that messages between processes carry, and what several of them come to. */
import { CATALOG, declarationOf, type GaugeDeclaration, METRIC_NAMES, type MetricName } from './catalog.ts'

export interface HistogramValue {
  /** Observations of each bucket by itself; the last is of what is above all bounds. */
  readonly counts: readonly number[]
  readonly sum: number
}

export interface Sample {
  /** Values of the labels, in the order of the declaration. */
  readonly labels: readonly string[]
  readonly value: number | HistogramValue
}

export type Samples = { readonly [N in MetricName]?: readonly Sample[] }

/** One of each set of labels: counters and histograms are added, gauges as they are declared. */
export function combined(all: readonly Samples[]): Samples {
  const result: Partial<Record<MetricName, readonly Sample[]>> = {}
  for (const name of METRIC_NAMES) {
    const samples = all.flatMap((one) => one[name] ?? [])
    if (samples.length > 0) result[name] = combinedSamples(name, samples)
  }
  return result
}

function combinedSamples(name: MetricName, samples: readonly Sample[]): readonly Sample[] {
  const declaration = declarationOf(name)
  const combine = declaration.kind === 'gauge' ? GAUGES[declaration.across] : add
  const byLabels = new Map<string, Sample>()
  for (const sample of samples) {
    const id = labelsId(sample.labels)
    const known = byLabels.get(id)
    byLabels.set(id, known === undefined ? sample : { ...sample, value: combine(known.value, sample.value) })
  }
  return [...byLabels.values()]
}

/** For maps: control characters are in no value of a label. */
export function labelsId(labels: readonly string[]): string {
  return labels.join('\n')
}

type Value = Sample['value']

function add(left: Value, right: Value): Value {
  if (typeof left === 'number' || typeof right === 'number') return (left as number) + (right as number)
  return { counts: left.counts.map((count, index) => count + right.counts[index]!), sum: left.sum + right.sum }
}

const GAUGES: Readonly<Record<GaugeDeclaration['across'], (left: Value, right: Value) => Value>> = {
  sum: add,
  max: (left, right) => Math.max(left as number, right as number),
  min: (left, right) => Math.min(left as number, right as number),
}

/** What stays true of a process that has ended. */
function countedBy(samples: Samples): Samples {
  return Object.fromEntries(
    METRIC_NAMES.filter((name) => samples[name] !== undefined && CATALOG[name].kind !== 'gauge').map((name) => [
      name,
      samples[name],
    ]),
  )
}

/** What a process has measured. */
export interface Measured {
  readonly own: Samples
  /** `undefined`: it was not asked, or could not tell. */
  readonly store: Samples | undefined
}

/** Processes that come one after the other in one place: no counter falls when one of them ends. */
export class SucceedingProcesses {
  #ended: Samples = {}
  #present: Samples = {}

  /** What the present one says of itself. */
  heard(samples: Samples): void {
    this.#present = samples
  }

  /** It is gone; what it counted since it was last heard goes with it. */
  ended(): void {
    this.#ended = combined([this.#ended, countedBy(this.#present)])
    this.#present = {}
  }

  get samples(): Samples {
    return combined([this.#ended, this.#present])
  }
}
