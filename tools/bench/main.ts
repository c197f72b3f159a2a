/** `npm run bench`: the figures of Keyhold that exist, each against its reference, measured in this one run. */
import { mkdirSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { performance } from 'node:perf_hooks'
import { measureBesideSigning } from './beside-signing.ts'
import { mountOf } from './filesystem.ts'
import { measureInProcess } from './in-process.ts'
import { measureAgainst, measureNoise, measureOperations, type OperationFigure } from './operations.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { measurePolicies, type PolicyFigure } from './policies.ts'
import { PRIMITIVES } from './primitives.ts'
import { placement } from './processes.ts'
import { printProfiles } from './profile.ts'
import { measureIdle, measureTwoWorkers, type StartFigure } from './scaling.ts'
import { measurePrimitives, type SigningFigure } from './signing.ts'
import { FEW_KEYS, measureManyKeys, measureManyMaterials } from './store.ts'
import {
  AGAINST_HEAD,
  againstRow,
  comparisonCells,
  markdownTable,
  NOISE_HEAD,
  OPERATION_HEAD,
  operationRow,
  ratioText,
  SIGNING_HEAD,
  signingRow,
} from './table.ts'
import { WORKLOADS } from './workloads.ts'

/** More than the longest run that the options allow; a benchmark that hangs must not stay. */
const TIME_LIMIT_MS = 20 * 60 * 1000
/** At this load of its own core the client is what is measured. */
const CLIENT_BUSY_MAX = 0.97
const QUICK_NOTE = 'A quick run shows that everything works; its figures mean nothing.'

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args)
  if (options === 'help') return print(USAGE)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  setTimeout(() => fail(new Error('the benchmark took too long')), TIME_LIMIT_MS).unref()
  mkdirSync(options.folder, { recursive: true })
  if (options.profile) {
    return printProfiles(
      [...WORKLOADS, ...PRIMITIVES].filter(({ name }) => options.only.includes(name)),
      options,
    )
  }
  if (options.selfCheck) return printNoise(options)
  if (options.against !== undefined) return printAgainst(options.against, options)
  await printFigures(options)
}

async function printNoise(options: Options): Promise<void> {
  const comparison = await measureNoise(options)
  print(`The empty server against itself: ${ratioText(comparison.ratio)}`)
  print(markdownTable(NOISE_HEAD, [['none', ...comparisonCells(comparison, 1)]]))
}

async function printAgainst(version: string, options: Options): Promise<void> {
  const workloads = WORKLOADS.filter(({ name }) => options.only.includes(name))
  const rows: string[][] = []
  await measureAgainst(version, workloads, options.folder, options, (workload, comparison) => {
    rows.push(againstRow(workload, comparison))
    process.stderr.write(`${workload.title}: ${ratioText(comparison.ratio)}\n`)
  })
  print(markdownTable(AGAINST_HEAD, rows))
}

async function printFigures(options: Options): Promise<void> {
  const start = performance.now()
  const machine = describeMachine(options)
  const say = options.json ? () => {} : print
  say(`${machine.join('\n')}\n`)
  if (options.quick) say(`${QUICK_NOTE}\n`)

  const workloads = WORKLOADS.filter(({ name }) => options.only.includes(name))
  const figures: OperationFigure[] = []
  if (workloads.length > 0) {
    await measureOperations(workloads, options.folder, options, (figure) => {
      figures.push(figure)
      process.stderr.write(`${figure.workload.title}: ${ratioText(figure.comparison.ratio)}\n`)
    })
    say(`${markdownTable(OPERATION_HEAD, figures.map(operationRow))}\n`)
    const busy = figures.find(({ comparison }) => comparison.reference.clientBusy > CLIENT_BUSY_MAX)
    if (busy !== undefined)
      say(`The client was the limit of the reference in ${busy.workload.title}: the ratio flatters.\n`)
  }
  const signing = await measureSigning(options)
  if (signing.length > 0) say(`${markdownTable(SIGNING_HEAD, signing.map(signingRow))}\n`)
  const policies = await measureAuthorisation(options)
  if (policies.length > 0) say(`${markdownTable(POLICY_HEAD, policies.map(policyRow))}\n`)
  const others = await measureOthers(options)
  if (others.rows.length > 0) say(`${markdownTable(['figure', 'measured', 'goal', 'how'], others.rows)}\n`)
  const seconds = (performance.now() - start) / 1000
  const note = options.quick ? QUICK_NOTE : undefined
  if (options.json)
    print(
      JSON.stringify({ machine, note, operations: figures, signing, policies, ...others.figures, seconds }, null, 2),
    )
  else print(`${seconds.toFixed(0)} s in all.`)
}

async function measureSigning(options: Options): Promise<SigningFigure[]> {
  const primitives = PRIMITIVES.filter(({ name }) => options.only.includes(name))
  const figures: SigningFigure[] = []
  if (primitives.length === 0) return figures
  await measurePrimitives(primitives, options.folder, options, (figure) => {
    figures.push(figure)
    process.stderr.write(`${figure.primitive.title}: ${ratioText(figure.ratio)}\n`)
  })
  return figures
}

const POLICY_SIZES = { statements: [2, 20, 200], grants: [1, 10, 10_000] }
const POLICY_SIZES_QUICK = { statements: [2, 20], grants: [1, 20] }
const POLICY_HEAD = ['Decrypt', 'against the default key policy', 'processor time', 'of the default']

async function measureAuthorisation(options: Options): Promise<PolicyFigure[]> {
  const figures: PolicyFigure[] = []
  if (!options.only.includes('policies')) return figures
  const sizes = options.quick ? POLICY_SIZES_QUICK : POLICY_SIZES
  await measurePolicies(options.folder, sizes, options, (figure) => {
    figures.push(figure)
    process.stderr.write(`${figure.title}: ${ratioText(figure.comparison.ratio)}\n`)
  })
  return figures
}

function policyRow({ title, comparison: { ratio, reference, subject } }: PolicyFigure): string[] {
  return [title, ratioText(ratio), microsText(subject.cpuMicrosPerRequest), microsText(reference.cpuMicrosPerRequest)]
}

function microsText(micros: number | undefined): string {
  return micros === undefined ? '' : `${micros.toFixed(0)} µs`
}

/** Keys by the million join when there is something to measure. */
async function measureOthers(options: Options): Promise<{ rows: string[][]; figures: Record<string, unknown> }> {
  const rows: string[][] = []
  const figures: Record<string, unknown> = {}
  if (options.only.includes('decrypt-beside-signing')) {
    const figure = await measureBesideSigning(options.folder, options)
    figures.decryptBesideSigning = figure
    const { ratio, aloneP99Ms, besideP99Ms, requestsPerSecond, slowPerSecond, described } = figure
    rows.push([
      'p99 of Decrypt at half load beside RSA_4096 signatures and RSA_2048 key pairs, against alone',
      `${ratioText(ratio)}: ${besideP99Ms.toFixed(1)} ms, ${aloneP99Ms.toFixed(1)} ms`,
      'at most 3.00',
      `${requestsPerSecond.toFixed(0)} req/s in an open loop, ${slowPerSecond.toFixed(0)} slow ones; ${described}`,
    ])
  }
  if (options.only.includes('two-workers')) {
    const { comparison, described } = await measureTwoWorkers(options.folder, options)
    figures.twoWorkers = comparison
    rows.push(['two workers against one, Decrypt', ratioText(comparison.ratio), '1.80', described])
  }
  if (options.only.includes('idle')) {
    const { first, next } = await measureIdle(options.folder)
    figures.idle = { first, next }
    const how =
      '`keyhold start --workers 1` on a new data folder; the first start makes the compile cache, the next ones find it'
    const mebibytes = (start: StartFigure) => `${start.residentMiB.toFixed(0)} MiB`
    const milliseconds = (start: StartFigure) => `${start.startMs.toFixed(0)} ms`
    const goal = '120 MiB a worker'
    rows.push(['resident memory, idle', `${mebibytes(next)} (first start ${mebibytes(first)})`, goal, how])
    const until = 'as above, until `listening on` is printed'
    rows.push(['start-up', `${milliseconds(next)} (first start ${milliseconds(first)})`, '', until])
  }
  if (options.only.includes('in-process')) {
    const { firstMs, nextMs } = await measureInProcess()
    figures.inProcess = { firstMs, nextMs }
    rows.push([
      '`startKeyhold()`',
      `${firstMs.toFixed(0)} ms, then ${nextMs.toFixed(0)} ms`,
      '100 ms',
      'in process, in memory',
    ])
  }
  await measureStore(options, rows, figures)
  return { rows, figures }
}

async function measureStore(options: Options, rows: string[][], figures: Record<string, unknown>): Promise<void> {
  const count = (value: number) => value.toLocaleString('en-US')
  if (options.only.includes('million-keys')) {
    const figure = await measureManyKeys(options.folder, options.store, options)
    figures.manyKeys = figure
    const { keys, hotKeys, fillSeconds, storeMiB, startMs, idleMiB, busyMiB, comparison } = figure
    const how = `${storeMiB.toFixed(0)} MiB on disk, filled in ${fillSeconds.toFixed(0)} s`
    const { reference, subject, ratio } = comparison
    rows.push([`start-up with ${count(keys)} keys in the store`, `${startMs.toFixed(0)} ms`, '2,000 ms', how])
    const memory = `${idleMiB.toFixed(0)} MiB, ${busyMiB.toFixed(0)} MiB after the runs below`
    rows.push(['resident memory with them, all processes', memory, '500 MiB', '`keyhold start --workers 1`'])
    rows.push([
      `Decrypt on ${count(hotKeys)} of them against Decrypt on ${FEW_KEYS}`,
      ratioText(ratio),
      'at least 0.90',
      `${count(Math.round(subject.requestsPerSecond))} and ${count(Math.round(reference.requestsPerSecond))} req/s`,
    ])
  }
  if (options.only.includes('thousand-materials')) {
    const comparison = await measureManyMaterials(options.folder, options.store, options)
    figures.manyMaterials = comparison
    const { reference, subject, ratio } = comparison
    rows.push([
      `Decrypt of messages of ${count(options.store.materials)} materials of a key against those of one`,
      ratioText(ratio),
      '',
      `${count(Math.round(subject.requestsPerSecond))} and ${count(Math.round(reference.requestsPerSecond))} req/s`,
    ])
  }
}

function describeMachine({ folder, seconds, rounds, connections, only }: Options): string[] {
  const settings = `--seconds ${seconds} --rounds ${rounds} --connections ${connections} --only ${only.join(',')}`
  return [
    `command: npm run bench -- ${settings}`,
    `machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${process.platform} ${release()}, Node ${process.version}`,
    `placement: ${placement(1).described}`,
    `audit: durable, on ${mountOf(folder)}`,
  ]
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function fail(error: unknown): never {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

await main(process.argv.slice(2)).catch(fail)
