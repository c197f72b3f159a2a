/** docs/metrics.md and docs/keyhold.rules.yaml against what there is; and the alarms against Prometheus, where promtool is installed. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { declarationOf, METRIC_NAMES, type MetricName } from '../../src/metrics/catalog.ts'

const DOCS = join(import.meta.dirname, '..', '..', 'docs')
const PAGE = readFileSync(join(DOCS, 'metrics.md'), 'utf8')
const RULES = join(DOCS, 'keyhold.rules.yaml')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description?: string }
}

function rules(): readonly Rule[] {
  const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] }
  return groups.flatMap((group) => group.rules)
}

test('every metric is in the tables with its kind and labels, and nothing else is', () => {
  const rows = [...PAGE.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \| (.*?) ?\| (.+) \|$/gm)]
  const described = rows.map(([, name, kind, labels]) => [name, kind, labels!.match(/\w+/g) ?? []])
  const declared = METRIC_NAMES.map((name) => [name, declarationOf(name).kind, declarationOf(name).labels])
  const byName = (all: unknown[][]) => all.toSorted(([left], [right]) => (String(left) < String(right) ? -1 : 1))
  assert.deepEqual(byName(described), byName(declared))
})

test('alarms ask for metrics and labels that there are, and each is in the table of alarms', () => {
  const found = rules()
  assert.ok(found.length > 20)
  for (const { alert, expr, labels, annotations } of found) {
    assert.ok(PAGE.includes(`\`${alert}\``), `${alert} is in docs/metrics.md`)
    assert.match(labels.severity, /^(critical|warning)$/)
    assert.ok(annotations.summary.length > 10)
    const names = expr.match(/\b(?:kms|keyhold|process|nodejs)_\w+|\bup\b/g) ?? []
    assert.ok(names.length > 0, `${alert} asks for a metric`)
    const known = names.flatMap((name) => (name === 'up' ? ['job', 'instance'] : labelsOf(alert, name)))
    const asked = [
      ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/, */)),
      ...[...expr.matchAll(/(\w+)(?:=~|!=|=)"/g)].map(([, label]) => label!),
    ]
    for (const label of asked) assert.ok([...known, 'instance', 'le'].includes(label), `${alert}: ${label}`)
    const shown = [annotations.summary, annotations.description ?? ''].join().matchAll(/\$labels\.(\w+)/g)
    for (const [, label] of shown) assert.ok([...asked, 'instance'].includes(label!), `${alert} shows ${label}`)
  }
})

function labelsOf(alert: string, name: string): readonly string[] {
  const family = METRIC_NAMES.find((known) => known === name || name === `${known}_bucket`)
  assert.ok(family !== undefined, `${alert}: there is no ${name}`)
  const isHistogram = declarationOf(family as MetricName).kind === 'histogram'
  assert.equal(name.endsWith('_bucket'), isHistogram, `${alert}: ${name}`)
  return declarationOf(family as MetricName).labels
}

const noPromtool = spawnSync('promtool', ['--version']).status === 0 ? false : 'promtool is not installed here'

test('Prometheus takes the alarms, and raises them when they should be', { skip: noPromtool }, () => {
  for (const args of [
    ['check', 'rules', RULES],
    ['test', 'rules', join(import.meta.dirname, 'keyhold.rules.test.yaml')],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' })
    assert.equal(status, 0, `${stdout}\n${stderr}`)
  }
})
