/**
 * `/_keyhold/clock`: moves the clock of a development server (docs/clock.md). No other server has it. Web pages from elsewhere
 * cannot reach it from a browser on this machine (`foreign-pages.ts`).
 */

import type { RequestHeaders } from '../auth/request-headers.ts'
import { DAY_MS, SECOND_MS } from '../base/clock.ts'
import { JsonError, parseJson } from '../base/json.ts'
import type { ClockControl } from '../base/movable-clock.ts'
import { type Answer, plainJsonAnswer } from './answer.ts'

export const CLOCK_PATH = '/_keyhold/clock'

export interface ControlRequest {
  readonly method: string
  readonly path: string
  readonly headers: RequestHeaders
  readonly body: Uint8Array
}

export type ControlEndpoint = (request: ControlRequest, requestId: string) => Promise<Answer>

const USAGE = 'send one of {"advanceSeconds": number}, {"setTime": "2027-01-31T12:00:00Z"} and {"reset": true}'
const BODY_DEPTH_MAX = 1
/** Longer than all of history that the clock knows. */
const ADVANCE_SECONDS_MAX = (10_000 * 366 * DAY_MS) / SECOND_MS

class Refused extends Error {}

export function createClockEndpoint(clock: ClockControl): ControlEndpoint {
  return async (request, requestId) => {
    try {
      if (request.method !== 'GET') await move(clock, request)
      return plainJsonAnswer(200, { now: new Date(clock.now()).toISOString() }, requestId)
    } catch (error) {
      if (!(error instanceof Refused || error instanceof RangeError || error instanceof JsonError)) throw error
      return plainJsonAnswer(400, { error: error.message }, requestId)
    }
  }
}

async function move(clock: ClockControl, { method, headers, body }: ControlRequest): Promise<void> {
  const type = headers.get('content-type') ?? ''
  if (method !== 'POST' || !/^application\/json *(;|$)/i.test(type)) {
    throw new Refused('GET tells the time, POST with Content-Type application/json moves it')
  }
  const [[name, value] = [], ...more] = Object.entries(parseJson(body, BODY_DEPTH_MAX) ?? {})
  if (more.length > 0) throw new Refused(USAGE)
  if (name === 'advanceSeconds' && typeof value === 'number' && Math.abs(value) <= ADVANCE_SECONDS_MAX) {
    return clock.advance(Math.round(value * SECOND_MS))
  }
  if (name === 'setTime' && typeof value === 'string' && !Number.isNaN(Date.parse(value))) {
    return clock.set(Date.parse(value))
  }
  if (name === 'reset' && value === true) return clock.reset()
  throw new Refused(USAGE)
}
