/** `keyhold clock TIME`: moves the clock of a running `keyhold dev`. */
import { UsageError } from '../config/operator-error.ts'
import { CLOCK_PATH } from '../wire/clock-endpoint.ts'
import { askDevelopmentServer } from './ask-development-server.ts'
import { defineCommand } from './command.ts'
import { endpointOf } from './greeting.ts'
import { EXIT_OK } from './terminal.ts'

const UNITS: Readonly<Record<string, number>> = { d: 86_400, h: 3_600, m: 60, s: 1 }

export const clock = defineCommand({
  args: ['TIME'],
  settings: ['host', 'port', 'config'],
  meanings: { host: 'Address that the server listens on.', port: 'Port that it listens on.' },
  description: `
Moves the clock of a running 'keyhold dev', lets everything happen that is due by then (rotations,
expiries, deletions), and prints the time that it is there now. TIME is one of

  now                     only print it
  +90d                    later by so many days; also +12h, +30m, +15s and +1d12h
  2027-01-31T12:00:00Z    this time
  reset                   real time again

Servers of 'keyhold start' have no such clock.`,
  async run({ settings, args: [time], terminal }) {
    const body = bodyOf(time!)
    const { now } = await askDevelopmentServer<{ now: string }>({
      endpoint: endpointOf(settings, undefined),
      path: CLOCK_PATH,
      lack: 'no clock to move',
      ...(body && { body }),
    })
    terminal.print(now)
    return EXIT_OK
  },
})

/** @returns what to send, `undefined` to send nothing and only ask. */
function bodyOf(time: string): object | undefined {
  if (time === 'now') return undefined
  if (time === 'reset') return { reset: true }
  if (/^\+(\d{1,9}[dhms])+$/.test(time)) return { advanceSeconds: secondsOf(time) }
  if (/^\d{4}-/.test(time) && !Number.isNaN(Date.parse(time))) return { setTime: new Date(time).toISOString() }
  throw new UsageError(`'${time}' is no time`, { hint: 'now, reset, +90d, +1d12h, or 2027-01-31T12:00:00Z' })
}

function secondsOf(duration: string): number {
  const parts = [...duration.matchAll(/(\d+)([dhms])/g)]
  return parts.reduce((seconds, [, count, unit]) => seconds + Number(count) * UNITS[unit!]!, 0)
}
