/**
 * Signed calls of a KMS elsewhere, with AWS's JSON protocol: for the root key, and for a Kubernetes API server. Tried again after failures that
 * may pass, within a bound.
 */
import { type IncomingMessage, Agent as PlainAgent, request as requestPlain } from 'node:http'
import { request as requestTls, Agent as TlsAgent } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import {
  KMS_ANSWER_BYTES_MAX,
  KMS_ATTEMPTS_MAX,
  KMS_CALL_MS_MAX,
  KMS_IDLE_CONNECTION_MS_MAX,
  KMS_RETRY_PAUSE_MS,
} from '../base/limits.ts'
import { createRequestSigner } from './request-signer.ts'

export interface CallCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

export interface KmsEndpoint {
  /** `https://kms.eu-central-1.amazonaws.com`: an origin. */
  readonly endpoint: string
  readonly region: string
  /** Asked for each attempt. What it throws ends the call. */
  credentials(): CallCredentials
  readonly clock: Clock
  /** Of {@link keepConnections}; without it each attempt has a connection of its own. */
  readonly connections?: KeptConnections | undefined
}

export type KeptConnections = PlainAgent | TlsAgent

/** @param signal ends the call: no attempt begins after it, one under way is broken off */
export type KmsCall = (
  operation: string,
  input: object,
  signal?: AbortSignal,
) => Promise<Readonly<Record<string, unknown>>>

/**
 * For many calls: connections are used again, and beyond so many calls wait for one.
 * @param ca PEM of the only authorities to trust; `undefined`: those that Node trusts
 */
export function keepConnections(
  endpoint: string,
  { ca, connectionsMax }: { readonly ca: string | undefined; readonly connectionsMax: number },
): KeptConnections {
  const options = { keepAlive: true, maxSockets: connectionsMax, timeout: KMS_IDLE_CONNECTION_MS_MAX }
  if (new URL(endpoint).protocol === 'http:') return new PlainAgent(options)
  return new TlsAgent({ ...options, ...(ca === undefined ? {} : { ca }) })
}

/** Why a call did not succeed, for operators. */
export class KmsCallError extends Error {
  /** Another attempt may succeed. */
  readonly mayPass: boolean
  /** As AWS names it; `undefined`: no answer of a KMS came. */
  readonly code: string | undefined

  constructor(message: string, { mayPass, code, cause }: { mayPass: boolean; code?: string; cause?: unknown }) {
    super(message, { cause })
    this.mayPass = mayPass
    this.code = code
  }
}

/** What is returned throws {@link KmsCallError}. */
export function createKmsCall({ endpoint, region, credentials, clock, connections }: KmsEndpoint): KmsCall {
  const target = new URL(endpoint)

  async function attempt(
    operation: string,
    body: string,
    signal: AbortSignal | undefined,
  ): Promise<Readonly<Record<string, unknown>>> {
    const sign = createRequestSigner({ ...credentials(), region, service: 'kms' })
    const headers = await sign({
      ...{ method: 'POST', host: target.host, path: '/', body, time: clock.now() },
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` },
    })
    const answer = await send(target, headers, body, { connections, signal }).catch((cause: Error) => {
      throw new KmsCallError(`${target.origin} cannot be reached: ${reasonOf(cause)}`, { mayPass: true, cause })
    })
    return read(target, answer)
  }

  return async (operation, input, signal) => {
    const body = JSON.stringify(input)
    for (let tried = 1; ; tried++) {
      try {
        return await attempt(operation, body, signal)
      } catch (error) {
        if (!(error instanceof KmsCallError && error.mayPass) || tried >= KMS_ATTEMPTS_MAX) throw error
        const isOver = await pause(KMS_RETRY_PAUSE_MS * 2 ** (tried - 1), false, { signal }).catch(() => true)
        // What the KMS was last heard of says more than that the time is over.
        if (isOver) throw error
      }
    }
  }
}

interface Answer {
  readonly status: number
  readonly text: string
}

function send(
  target: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  { connections, signal }: Pick<KmsEndpoint, 'connections'> & { readonly signal: AbortSignal | undefined },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = target.protocol === 'https:' ? requestTls : requestPlain
    const timeout = AbortSignal.timeout(KMS_CALL_MS_MAX)
    const sent = request(target, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'keyhold' },
      agent: connections ?? false,
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    })
    sent.once('error', reject)
    sent.once('response', (response) => readAll(response).then(resolve, reject))
    // Another protocol (RFC 9110 7.8) that nobody asked for. Without a listener the end of the request would never be heard of.
    sent.once('upgrade', (_response, socket) => {
      socket.destroy()
      reject(new Error('it switched to another protocol'))
    })
    sent.end(body)
  })
}

async function readAll(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > KMS_ANSWER_BYTES_MAX) throw new Error('its answer is too large')
    chunks.push(chunk)
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }
}

function reasonOf({ name, message, code, cause }: Error & { code?: string }): string {
  // Of the signal that ended it.
  if (name === 'AbortError' && cause instanceof Error) {
    return cause.name === 'TimeoutError' ? `there was no answer within ${KMS_CALL_MS_MAX} ms` : cause.message
  }
  // A name with several addresses fails with an error that says nothing itself.
  return message || code || name
}

function read({ origin }: URL, { status, text }: Answer): Readonly<Record<string, unknown>> {
  const body = parse(text)
  if (status === 200 && body !== undefined) return body
  const isBusy = status >= 500 || status === 429
  const code = typeof body?.__type === 'string' ? body.__type.split('#').at(-1)! : undefined
  if (code === undefined) {
    throw new KmsCallError(`${origin} answers with status ${status}, and not as a KMS does`, { mayPass: isBusy })
  }
  const message = body?.message ?? body?.Message
  const said = typeof message === 'string' && message !== '' ? `${code}: ${message}` : code
  throw new KmsCallError(`${origin} answers ${said}`, {
    mayPass: isBusy || /Throttling|LimitExceeded/.test(code),
    code,
  })
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
