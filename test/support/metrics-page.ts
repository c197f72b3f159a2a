/**
 * Reads a page in Prometheus's text format 0.0.4, from the description of the format alone, and strictly: whatever it does not
 * allow, or advises against, is refused.
 */
import assert from 'node:assert/strict'

export interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

export interface MetricsPage {
  readonly families: ReadonlyMap<string, Family>
  /** The sum of all samples of this name with at least these labels; `undefined`: there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`)
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/
const VALUE = /^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/

export function parseMetricsPage(text: string): MetricsPage {
  assert.ok(text.endsWith('\n'), 'the last line ends')
  const families = new Map<string, Family>()
  const seen = new Set<string>()
  let open: [string, Family] | undefined
  let help: [string, string] | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line)
    if (comment?.[1] === 'HELP') {
      help = [comment[2]!, comment[3]!]
      assert.ok(!families.has(help[0]), `a family comes once: ${line}`)
    } else if (comment !== null) {
      const [, , name, type] = comment as unknown as [string, string, string, Family['type']]
      assert.equal(help?.[0], name, `HELP comes before TYPE: ${line}`)
      assert.match(type, /^(?:counter|gauge|histogram)$/)
      open = [name, { type, help: help![1], samples: [] }]
      families.set(...open)
    } else {
      const [, name, labelText = '', value] = SAMPLE.exec(line) ?? assert.fail(`no sample: ${line}`)
      assert.match(value!, VALUE)
      assert.ok(open !== undefined, `a family first: ${line}`)
      const endings = open[1].type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      assert.ok(
        endings.some((ending) => name === open![0] + ending),
        `lines of a family stand together: ${line}`,
      )
      const id = line.slice(0, line.lastIndexOf(' '))
      assert.ok(!seen.has(id), `a sample comes once: ${line}`)
      seen.add(id)
      const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value)
      open[1].samples.push({ name: name!, labels: parseLabels(labelText), value: number })
    }
  }
  for (const [name, family] of families) checkFamily(name, family)
  return {
    families,
    value(name, labels = {}) {
      const found = [...families.values()]
        .flatMap(({ samples }) => samples)
        .filter((sample) => sample.name === name)
        .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
    },
  }
}

function parseLabels(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {}
  for (let rest = text; rest !== ''; ) {
    const [whole, name, value] = LABEL.exec(rest) ?? assert.fail(`no label: ${rest}`)
    assert.ok(!(name! in labels), `a label comes once: ${text}`)
    labels[name!] = value!.replace(/\\(.)/g, (_, letter) => (letter === 'n' ? '\n' : letter))
    rest = rest.slice(whole.length)
  }
  return labels
}

function checkFamily(name: string, { type, samples }: Family): void {
  assert.ok(samples.length > 0, `${name} has samples`)
  assert.equal(type === 'counter', name.endsWith('_total'), `${name}: counters, and nothing else, end in _total`)
  if (type === 'counter') for (const { value } of samples) assert.ok(value >= 0 && Number.isFinite(value), name)
  if (type === 'histogram') checkHistogram(name, samples)
}

function checkHistogram(name: string, samples: Family['samples']): void {
  const bySeries = Map.groupBy(samples, ({ labels: { le: _, ...labels } }) => JSON.stringify(labels))
  for (const [id, series] of bySeries) {
    const buckets = series.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => (labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le)))
    const counts = buckets.map(({ value }) => value)
    const count = series.find((sample) => sample.name === `${name}_count`)?.value
    assert.ok(bounds.length > 1 && bounds.at(-1) === Number.POSITIVE_INFINITY, `${name}${id} ends with +Inf`)
    assert.deepEqual(
      bounds,
      bounds.toSorted((left, right) => left - right),
    )
    assert.deepEqual(
      counts,
      counts.toSorted((left, right) => left - right),
      `${name}${id} is cumulative`,
    )
    assert.equal(counts.at(-1), count)
    assert.equal(series.filter((sample) => sample.name === `${name}_sum`).length, 1)
  }
}

/** Where a process with `--metrics-port` says that they are. */
export function metricsUrlOf(output: string): string {
  return /"url":"(http:\/\/[^"]+\/metrics)"/.exec(output)?.[1] ?? assert.fail(`no word of metrics:\n${output}`)
}

export async function scrape(url: string): Promise<MetricsPage & { readonly text: string }> {
  const answer = await fetch(url)
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  return { ...parseMetricsPage(text), text }
}
