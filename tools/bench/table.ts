/** Figures as a Markdown table, fit for docs/performance.md. */
import type { Comparison, Spread } from './compare.ts'
import type { OperationFigure } from './operations.ts'
import type { SigningFigure } from './signing.ts'
import type { Workload } from './workloads.ts'

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

export const OPERATION_HEAD: readonly string[] = [
  'operation',
  'empty server, req/s',
  'Keyhold, req/s',
  'ratio (least–greatest)',
  'goal',
  'p50, p99 ms',
  'CPU µs per request, empty and Keyhold',
  'ratio of the least that Node can do',
  'Keyhold of that',
]

export function operationRow({ workload, comparison, floor, ofFloor }: OperationFigure): string[] {
  return [
    workload.title,
    ...comparisonCells(comparison, workload.goal),
    ratioText(floor.ratio),
    ratioText(ofFloor.ratio),
  ]
}

/** Of the empty server against itself. */
export const NOISE_HEAD = OPERATION_HEAD.slice(0, -2)

export function comparisonCells({ reference, subject, ratio }: Comparison, goal: number): string[] {
  return [
    rate(reference.requestsPerSecond),
    rate(subject.requestsPerSecond),
    ratioText(ratio),
    goal.toFixed(2),
    `${subject.p50Ms.toFixed(1)}, ${subject.p99Ms.toFixed(1)}`,
    `${micros(reference.cpuMicrosPerRequest)}, ${micros(subject.cpuMicrosPerRequest)}`,
  ]
}

export const AGAINST_HEAD: readonly string[] = [
  'operation',
  'rate of what it was (least–greatest)',
  'req/s, before and now',
  'CPU µs per request, before and now',
]

export function againstRow({ title }: Workload, { reference, subject, ratio }: Comparison): string[] {
  return [
    title,
    ratioText(ratio),
    `${rate(reference.requestsPerSecond)}, ${rate(subject.requestsPerSecond)}`,
    `${micros(reference.cpuMicrosPerRequest)}, ${micros(subject.cpuMicrosPerRequest)}`,
  ]
}

export const SIGNING_HEAD: readonly string[] = [
  'operation',
  'bare loop, per s (threads)',
  'Keyhold, req/s',
  'ratio (least–greatest)',
  'goal',
  'p50, p99 ms',
  'CPU µs each, bare and Keyhold',
]

export function signingRow({ primitive, barePerSecond, bareCpuMicros, keyhold, ratio }: SigningFigure): string[] {
  return [
    primitive.title,
    `${rate(barePerSecond)} (${primitive.bare.threads})`,
    rate(keyhold.requestsPerSecond),
    ratioText(ratio),
    primitive.goal?.toFixed(2) ?? '',
    `${keyhold.p50Ms.toFixed(1)}, ${keyhold.p99Ms.toFixed(1)}`,
    `${micros(bareCpuMicros)}, ${micros(keyhold.cpuMicrosPerRequest)}`,
  ]
}

export function ratioText({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`
}

function rate(requestsPerSecond: number): string {
  return Math.round(requestsPerSecond).toLocaleString('en-US')
}

function micros(value: number | undefined): string {
  return value === undefined ? '?' : value.toFixed(1)
}
