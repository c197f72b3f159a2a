/** Command line of the benchmark. */
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { PRIMITIVES } from './primitives.ts'
import { WORKLOADS } from './workloads.ts'

export const MEASUREMENTS: readonly string[] = [
  ...WORKLOADS.map(({ name }) => name),
  ...PRIMITIVES.map(({ name }) => name),
  'policies',
  'decrypt-beside-signing',
  'two-workers',
  'idle',
  'in-process',
  'million-keys',
  'thousand-materials',
]

/** Names that stand for several measurements. */
const GROUPS: ReadonlyMap<string, readonly string[]> = new Map([
  ['signing', PRIMITIVES.map(({ name }) => name)],
  ['store', ['million-keys', 'thousand-materials']],
])

/** The store is filled for minutes. */
const ONLY_WHEN_NAMED: ReadonlySet<string> = new Set([
  ...PRIMITIVES.filter(({ isDefault }) => !isDefault).map(({ name }) => name),
  ...GROUPS.get('store')!,
])
const DEFAULT: readonly string[] = MEASUREMENTS.filter((name) => !ONLY_WHEN_NAMED.has(name))

export interface Options {
  readonly seconds: number
  readonly rounds: number
  readonly connections: number
  readonly warmUpSeconds: number
  readonly distinctRequests: number
  /** Keys in the store, those of them in use, and materials of one key. */
  readonly store: { readonly keys: number; readonly hotKeys: number; readonly materials: number }
  readonly only: readonly string[]
  readonly folder: string
  readonly json: boolean
  readonly profile: boolean
  readonly selfCheck: boolean
  /** Path of another checkout to compare with; `undefined`: none. */
  readonly against: string | undefined
  /** The figures mean nothing. */
  readonly quick: boolean
}

const WARM_UP_SECONDS = 2
const DISTINCT_REQUESTS = 512
const STORE = { keys: 1_000_000, hotKeys: 10_000, materials: 1_000 }
const QUICK = {
  seconds: 0.1,
  rounds: 1,
  connections: 8,
  warmUpSeconds: 0.1,
  distinctRequests: 16,
  store: { keys: 1_000, hotKeys: 50, materials: 20 },
}

export const USAGE = `Usage: npm run bench -- [options]

  --seconds S      length of one run (1)
  --rounds N       runs of each server, in turn (5)
  --connections N  open connections, each with one request under way (64)
  --only A,B       only these: ${DEFAULT.join(', ')};
                   and these, which run only when they are named: ${[...ONLY_WHEN_NAMED].join(', ')};
                   'signing' is all signatures, MACs and data key pairs, 'store' a million keys in the store
                   and a key of a thousand materials
  --dir DIR        where temporary data folders are made, on the disk to measure (${tmpdir()})
  --quick          each measurement once and far too short: whether they work, not how fast Keyhold is
  --json           the figures as JSON
  --profile        no figures: where Keyhold spends its time, for each operation
  --self-check     no figures: the empty server against itself, which shows the machine's noise
  --against DIR    no figures: this version against the one that is checked out in DIR, after npm ci there
`

/** @throws {Error} that says which option is wrong. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '64' },
      only: { type: 'string' },
      dir: { type: 'string', default: tmpdir() },
      json: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      'self-check': { type: 'boolean', default: false },
      against: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    // Signatures are good for five minutes, so one server's runs must fit into less.
    seconds: numberOf('seconds', values.seconds, 0.1, 10),
    rounds: numberOf('rounds', values.rounds, 1, 10),
    connections: numberOf('connections', values.connections, 1, 1000),
    warmUpSeconds: WARM_UP_SECONDS,
    distinctRequests: DISTINCT_REQUESTS,
    store: STORE,
    ...(values.quick ? QUICK : {}),
    only: values.only === undefined ? (values.quick ? MEASUREMENTS : DEFAULT) : measurementsNamed(values.only),
    folder: values.dir,
    json: values.json,
    profile: values.profile,
    selfCheck: values['self-check'],
    against: values.against && checkoutIn(values.against),
    quick: values.quick,
  }
}

function measurementsNamed(only: string): readonly string[] {
  const names = only.split(',').flatMap((name) => GROUPS.get(name) ?? name)
  const unknown = names.find((name) => !MEASUREMENTS.includes(name))
  if (unknown === undefined) return names
  throw new Error(`--only: no measurement '${unknown}'; there are ${[...GROUPS.keys(), ...MEASUREMENTS].join(', ')}`)
}

function checkoutIn(folder: string): string {
  if (existsSync(join(folder, 'src/main.js'))) return folder
  throw new Error(`--against: there is no Keyhold in '${folder}'`)
}

function numberOf(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (!(value >= min && value <= max)) throw new Error(`--${name}: expected ${min} to ${max}, got '${text}'`)
  return value
}
