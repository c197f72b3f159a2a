/** `keyhold fault add`, `list`, `clear`: makes a running `keyhold dev` fail on purpose. */
import { flag } from '../config/command-flags.ts'
import { duration, oneOf, regionName, text, wholeNumber } from '../config/kinds.ts'
import type { Settings } from '../config/settings.ts'
import { FAULT_DELAY_MS_MAX, type Fault } from '../pipeline/fault.ts'
import { FAULTS_PATH } from '../wire/faults-endpoint.ts'
import { askDevelopmentServer, type ControlQuestion } from './ask-development-server.ts'
import { defineCommand } from './command.ts'
import { endpointOf } from './greeting.ts'
import { EXIT_OK, printTable, type Terminal } from './terminal.ts'

type InForce = Fault & { readonly hits: number }

const OF_SERVER = {
  settings: ['host', 'port', 'config'],
  meanings: { host: 'Address that the server listens on.', port: 'Port that it listens on.' },
} as const

export const faultAdd = defineCommand({
  ...OF_SERVER,
  flags: {
    operation: flag(text('NAME'), 'Hit only this operation: Decrypt, AssumeRole.'),
    'in-region': flag(regionName, 'Hit only calls that are signed for this Region.'),
    'key-id': flag(text('KEY'), 'Hit only calls that name this key, by id, alias or ARN as they do.'),
    error: flag(text('EXCEPTION'), 'Refuse them with this exception: ThrottlingException.'),
    message: flag(text('TEXT'), 'Its message.'),
    status: flag(wholeNumber(400, 599), "Its HTTP status; AWS's if not given."),
    drop: flag(
      oneOf('request', 'answer'),
      'End the connection without an answer: before anything is done, or when all is done.',
    ),
    delay: flag(duration(FAULT_DELAY_MS_MAX), 'Let them wait so long.'),
    skip: flag(wholeNumber(0, 999_999_999), 'Let so many through first.'),
    every: flag(wholeNumber(1, 999_999_999), 'Hit only each so manieth.'),
    times: flag(wholeNumber(1, 999_999_999), 'End after so many hits.'),
  },
  description: `
Makes calls to a running 'keyhold dev' fail on purpose, so that what a program does about it can be
tried: with an exception, without an answer, or late. Without --operation, --in-region and --key-id
it hits every call. The server forgets its faults when it stops.

  keyhold fault add --operation Decrypt --error ThrottlingException --times 3
  keyhold fault add --in-region eu-west-1 --drop request
  keyhold fault add --key-id alias/app --delay 5s

Servers of 'keyhold start' have none.`,
  async run({ settings, flags, terminal }) {
    const { 'in-region': region, 'key-id': keyId, delay: delayMs, ...rest } = flags
    return ask(settings, terminal, { body: { ...rest, region, keyId, delayMs } })
  },
})

export const faultList = defineCommand({
  ...OF_SERVER,
  description: `
Prints the faults that a running 'keyhold dev' makes on purpose, and how many calls each has hit.`,
  run: ({ settings, terminal }) => ask(settings, terminal, {}),
})

export const faultClear = defineCommand({
  ...OF_SERVER,
  description: `
Ends all faults that a running 'keyhold dev' makes on purpose.`,
  run: ({ settings, terminal }) => ask(settings, terminal, { method: 'DELETE' }),
})

async function ask(
  settings: Pick<Settings, 'host' | 'port'>,
  terminal: Terminal,
  question: Pick<ControlQuestion, 'method' | 'body'>,
): Promise<number> {
  const endpoint = endpointOf(settings, undefined)
  const where = { endpoint, path: FAULTS_PATH, lack: 'no faults to choose' }
  const { faults } = await askDevelopmentServer<{ faults: readonly InForce[] }>({ ...where, ...question })
  if (faults.length === 0) terminal.print('no faults')
  else printTable(terminal, faults.map(rowOf))
  return EXIT_OK
}

function rowOf({ hits, ...fault }: InForce): string[] {
  const named = Object.entries(fault).map(([name, value]) => `${name}=${value}`)
  return [`${hits} hit${hits === 1 ? '' : 's'}`, named.join(' ')]
}
