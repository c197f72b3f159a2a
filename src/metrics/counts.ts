/** What a process counts with: counters and histograms by the values of their labels. */
import { CATALOG, type HistogramDeclaration } from './catalog.ts'
import { type HistogramValue, labelsId, type Sample } from './samples.ts'

/** For what happens rarely: an addition makes a text of the labels. `request-counts.ts` is for the warm path. */
export class Counts {
  readonly #values = new Map<string, { readonly labels: readonly string[]; value: number }>()

  add(labels: readonly string[] = [], amount = 1): void {
    const id = labelsId(labels)
    const known = this.#values.get(id)
    if (known !== undefined) known.value += amount
    else this.#values.set(id, { labels, value: amount })
  }

  samples(): readonly Sample[] {
    return [...this.#values.values()].map(({ labels, value }) => ({ labels, value }))
  }
}

export class Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0

  constructor({ bounds }: Pick<HistogramDeclaration, 'bounds'>) {
    this.#bounds = bounds
    this.#counts = Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    const bounds = this.#bounds
    let index = 0
    while (index < bounds.length && value > bounds[index]!) index++
    this.#counts[index]!++
    this.#sum += value
  }

  value(): HistogramValue {
    return { counts: [...this.#counts], sum: this.#sum }
  }
}

/** As {@link Counts}. */
export class Histograms {
  readonly #declaration: HistogramDeclaration
  readonly #byLabels = new Map<string, { readonly labels: readonly string[]; readonly histogram: Histogram }>()

  constructor(name: 'kms_xks_proxy_latency_seconds') {
    this.#declaration = CATALOG[name]
  }

  observe(labels: readonly string[], value: number): void {
    const id = labelsId(labels)
    const known = this.#byLabels.get(id) ?? { labels, histogram: new Histogram(this.#declaration) }
    this.#byLabels.set(id, known)
    known.histogram.observe(value)
  }

  samples(): readonly Sample[] {
    return [...this.#byLabels.values()].map(({ labels, histogram }) => ({ labels, value: histogram.value() }))
  }
}
