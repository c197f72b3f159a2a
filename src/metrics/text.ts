/** Prometheus's text format, version 0.0.4, which every collector reads (prometheus.io/docs/instrumenting/exposition_formats). */
import { declarationOf, METRIC_NAMES, type MetricDeclaration, type MetricName } from './catalog.ts'
import type { HistogramValue, Sample, Samples } from './samples.ts'

export const TEXT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export function textOf(samples: Samples): string {
  return METRIC_NAMES.map((name) => familyText(name, declarationOf(name), samples[name] ?? [])).join('')
}

function familyText(name: MetricName, declaration: MetricDeclaration, samples: readonly Sample[]): string {
  if (samples.length === 0) return ''
  const lines = [`# HELP ${name} ${declaration.help}`, `# TYPE ${name} ${declaration.kind}`]
  for (const { labels, value } of samples) {
    const pairs = declaration.labels.map((label, index) => `${label}="${escaped(labels[index]!)}"`)
    if (typeof value === 'number') lines.push(line(name, pairs, value))
    else if (declaration.kind === 'histogram') lines.push(...histogramLines(name, pairs, declaration.bounds, value))
  }
  return `${lines.join('\n')}\n`
}

/** Buckets are cumulative here. */
function histogramLines(
  name: string,
  pairs: readonly string[],
  bounds: readonly number[],
  { counts, sum }: HistogramValue,
): readonly string[] {
  let total = 0
  const buckets = counts.map((count, index) => {
    total += count
    return line(`${name}_bucket`, [...pairs, `le="${bounds[index] ?? '+Inf'}"`], total)
  })
  return [...buckets, line(`${name}_sum`, pairs, sum), line(`${name}_count`, pairs, total)]
}

function line(name: string, pairs: readonly string[], value: number): string {
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
