/** From a whole request to its answer: the processing order of keystores.md 6.2. */
import type { RequestHeaders } from '../auth/request-headers.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { RateCounter } from '../domain/rate-counter.ts'
import type { SecurityLog } from '../wire/security-log.ts'
import { authenticate } from './authenticate.ts'
import type { XksCredentials } from './credentials.ts'
import type { Health } from './health.ts'
import type { PerformKeyCall } from './key-calls.ts'
import { parseMembers, readMetadata } from './requests.ts'
import { createRouter, type Route } from './route.ts'
import { uriPathOf, type XksTenant } from './settings.ts'
import { XksError, xksErrorOf } from './xks-error.ts'

export interface IncomingCall {
  readonly method: string
  /** Request target as sent. */
  readonly target: string
  readonly headers: RequestHeaders
  /** `undefined`: longer than is read. */
  readonly body: Uint8Array | undefined
  readonly sourceIp: string
}

export interface XksAnswer {
  readonly status: number
  /** One line. */
  readonly body: string
  readonly requestId: string
}

export interface HandlerOptions {
  readonly tenants: readonly XksTenant[]
  /** By prefix. */
  readonly credentials: ReadonlyMap<string, XksCredentials>
  readonly fleetSize: number
  readonly performKeyCall: PerformKeyCall
  readonly health: Pick<Health, 'status'>
  readonly quota: RateCounter
  readonly ensureFresh: () => Promise<void> | undefined
  /** Whether a call would be let in now. */
  readonly canServe: () => Promise<boolean>
  readonly securityLog: SecurityLog
  readonly log: Log
  readonly uuid: () => string
  /** By which clients sign. */
  readonly clock: Clock
  /** For the work of one call. */
  readonly timeoutMs: number
}

/** XT-7, for load balancers: what it says is not about keys, and nobody has to sign for it. */
const PING = '/ping'

type Outcome = Omit<XksAnswer, 'requestId'>

export function createHandler(options: HandlerOptions): (call: IncomingCall) => Promise<XksAnswer> {
  const { securityLog, log } = options
  const routeOf = createRouter(options.tenants)

  async function answer(call: IncomingCall, requestId: string): Promise<Outcome> {
    const { method, target, headers, body, sourceIp } = call
    if (target === PING && (method === 'GET' || method === 'HEAD')) return ping(await options.canServe())
    const route = routeOf(target)
    if (route === undefined) {
      securityLog.refused(sourceIp, undefined, 'InvalidUriPathException')
      return failed(new XksError('InvalidUriPathException', 'There is no such path.'))
    }
    if (method !== 'POST') return { status: 405, body: '' }
    if (body === undefined) return failed(new XksError('ValidationException', 'The request body is too long.'))
    let accessKeyId: string
    try {
      accessKeyId = prove(call, body, route)
    } catch (error) {
      const refusal = xksErrorOf(error)
      securityLog.refused(sourceIp, claimedAccessKeyId(headers), refusal.errorName)
      return failed(refusal)
    }
    try {
      options.quota.take(uriPathOf(route.tenant.prefix), route.tenant.callsPerSecondMax)
      const origin = { accessKeyId, requestId, sourceIp, userAgent: headers.get('user-agent') ?? '' }
      return { status: 200, body: JSON.stringify(await withinTime(perform(route, body, origin))) }
    } catch (error) {
      const failure = xksErrorOf(error)
      const { errorName } = failure
      if (errorName === 'InternalException' || errorName === 'DependencyTimeoutException') {
        log.error({ err: failure.cause, requestId, errorName }, 'a call of the external key store proxy failed inside')
      }
      return failed(failure)
    }
  }

  function prove({ method, target, headers }: IncomingCall, body: Uint8Array, { tenant }: Route): string {
    const credentials = options.credentials.get(tenant.prefix)!
    return authenticate({ method, path: target, headers, body }, credentials, tenant.regions, options.clock.now())
  }

  async function perform(
    route: Route,
    body: Uint8Array,
    origin: {
      readonly accessKeyId: string
      readonly requestId: string
      readonly sourceIp: string
      readonly userAgent: string
    },
  ): Promise<object> {
    if (route.call !== 'health') {
      await options.ensureFresh()
      return options.performKeyCall({ route, body, ...origin })
    }
    readMetadata(parseMembers(body), 'health')
    const healthStatus = await options.health.status()
    return {
      xksProxyFleetSize: options.fleetSize,
      xksProxyVendor: 'Keyhold',
      xksProxyModel: 'Keyhold',
      ekmVendor: 'Keyhold',
      ekmFleetDetails: [{ id: 'software', model: 'Keyhold', healthStatus }],
    }
  }

  /** What comes too late is recorded as it ends, and nobody hears of it. */
  async function withinTime<T>(work: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      reject(new XksError('DependencyTimeoutException', 'The key manager did not answer in time.'))
    }, options.timeoutMs)
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }

  return async (call) => {
    const requestId = options.uuid()
    return { ...(await answer(call, requestId)), requestId }
  }
}

/** For the log, never for a decision. Only in the form that ids have: a secret in the wrong place has another. */
function claimedAccessKeyId(headers: RequestHeaders): string | undefined {
  return /Credential=([A-Z2-7]{20,30})\//.exec(headers.get('authorization') ?? '')?.[1]
}

function ping(canServe: boolean): Outcome {
  return canServe ? { status: 200, body: '{"status":"serving"}' } : { status: 503, body: '{"status":"unavailable"}' }
}

function failed({ status, errorName, message }: XksError): Outcome {
  return { status, body: JSON.stringify({ errorName, errorMessage: message }) }
}
