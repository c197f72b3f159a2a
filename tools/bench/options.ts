/** Command line of the benchmark. */
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { WORKLOADS } from './workloads.ts'

export const MEASUREMENTS: readonly string[] = [
  ...WORKLOADS.map(({ name }) => name),
  'two-workers',
  'idle',
  'in-process',
]

export interface Options {
  readonly seconds: number
  readonly rounds: number
  readonly connections: number
  readonly only: readonly string[]
  readonly folder: string
  readonly json: boolean
  readonly profile: boolean
  readonly selfCheck: boolean
}

export const USAGE = `Usage: npm run bench -- [options]

  --seconds S      length of one run (1)
  --rounds N       runs of each server, in turn (5)
  --connections N  open connections, each with one request under way (64)
  --only A,B       only these: ${MEASUREMENTS.join(', ')}
  --dir DIR        where temporary data folders are made, on the disk to measure (${tmpdir()})
  --json           the figures as JSON
  --profile        no figures: where Keyhold spends its time, for each operation
  --self-check     no figures: the empty server against itself, which shows the machine's noise
`

/** @throws {Error} that says which option is wrong. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '64' },
      only: { type: 'string', default: MEASUREMENTS.join(',') },
      dir: { type: 'string', default: tmpdir() },
      json: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      'self-check': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const only = values.only.split(',')
  const unknown = only.find((name) => !MEASUREMENTS.includes(name))
  if (unknown !== undefined)
    throw new Error(`--only: no measurement '${unknown}'; there are ${MEASUREMENTS.join(', ')}`)
  return {
    // Signatures are good for five minutes, so one server's runs must fit into less.
    seconds: numberOf('seconds', values.seconds, 0.1, 10),
    rounds: numberOf('rounds', values.rounds, 1, 10),
    connections: numberOf('connections', values.connections, 1, 1000),
    only,
    folder: values.dir,
    json: values.json,
    profile: values.profile,
    selfCheck: values['self-check'],
  }
}

function numberOf(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (!(value >= min && value <= max)) throw new Error(`--${name}: expected ${min} to ${max}, got '${text}'`)
  return value
}
