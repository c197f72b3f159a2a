/**
 * Endpoints below `/_keyhold/` that steer a development server. No other server has them. Web pages from elsewhere cannot reach them
 * from a browser on this machine (`foreign-pages.ts`).
 */
import type { RequestHeaders } from '../auth/request-headers.ts'
import { JsonError, parseJson } from '../base/json.ts'
import { type Answer, plainJsonAnswer } from './answer.ts'

export interface ControlRequest {
  readonly method: string
  readonly path: string
  readonly headers: RequestHeaders
  readonly body: Uint8Array
}

export type ControlEndpoint = (request: ControlRequest, requestId: string) => Promise<Answer>

/** By their paths. */
export type ControlEndpoints = ReadonlyMap<string, ControlEndpoint>

/** Its text is for who asked. */
export class ControlRefused extends Error {}

const BODY_DEPTH_MAX = 1

/** @param answer what is asked for, as an object; a {@link ControlRefused} is answered with status 400 and its text. */
export function controlEndpoint(answer: (request: ControlRequest) => Promise<object> | object): ControlEndpoint {
  return async (request, requestId) => {
    try {
      return plainJsonAnswer(200, await answer(request), requestId)
    } catch (error) {
      if (!(error instanceof ControlRefused || error instanceof JsonError)) throw error
      return plainJsonAnswer(400, { error: error.message }, requestId)
    }
  }
}

/**
 * The body of a POST.
 * @param usage says what may be asked.
 * @throws {ControlRefused} for another method or type. @throws {JsonError}
 */
export function postedJson({ method, headers, body }: ControlRequest, usage: string): unknown {
  const type = headers.get('content-type') ?? ''
  if (method !== 'POST' || !/^application\/json *(;|$)/i.test(type)) throw new ControlRefused(usage)
  return parseJson(body, BODY_DEPTH_MAX)
}
