/** `/_keyhold/clock`: moves the clock of a development server (docs/clock.md). */
import { DAY_MS, SECOND_MS } from '../base/clock.ts'
import type { ClockControl } from '../base/movable-clock.ts'
import {
  type ControlEndpoint,
  ControlRefused,
  type ControlRequest,
  controlEndpoint,
  postedJson,
} from './control-endpoint.ts'

export const CLOCK_PATH = '/_keyhold/clock'

const USAGE = 'send one of {"advanceSeconds": number}, {"setTime": "2027-01-31T12:00:00Z"} and {"reset": true}'
const METHODS = 'GET tells the time, POST with Content-Type application/json moves it'
/** Longer than all of history that the clock knows. */
const ADVANCE_SECONDS_MAX = (10_000 * 366 * DAY_MS) / SECOND_MS

export function createClockEndpoint(clock: ClockControl): ControlEndpoint {
  return controlEndpoint(async (request) => {
    if (request.method !== 'GET') await move(clock, request)
    return { now: new Date(clock.now()).toISOString() }
  })
}

async function move(clock: ClockControl, request: ControlRequest): Promise<void> {
  const [[name, value] = [], ...more] = Object.entries(postedJson(request, METHODS) ?? {})
  if (more.length > 0) throw new ControlRefused(USAGE)
  try {
    if (name === 'advanceSeconds' && typeof value === 'number' && Math.abs(value) <= ADVANCE_SECONDS_MAX) {
      return await clock.advance(Math.round(value * SECOND_MS))
    }
    if (name === 'setTime' && typeof value === 'string' && !Number.isNaN(Date.parse(value))) {
      return await clock.set(Date.parse(value))
    }
  } catch (error) {
    if (error instanceof RangeError) throw new ControlRefused(error.message)
    throw error
  }
  if (name === 'reset' && value === true) return clock.reset()
  throw new ControlRefused(USAGE)
}
