/**
 * From a whole request to its answer: the checks of AWS's front end in their order (operations.md 1.4), authentication,
 * and then the pipeline. Rejects with {@link ConnectionDropped} alone, for a connection that is to end. One listener serves four services: what speaks the
 * query protocol is for STS or IAM, all else for KMS or CloudTrail, whose operations have targets of different beginnings.
 */

import type { AuthenticatedRequest, Authenticator, SignedRequest } from '../auth/authenticator.ts'
import { claimedAccessKeyId, claimedService } from '../auth/signature-claim.ts'
import type { Clock } from '../base/clock.ts'
import { ConnectionDropped, KmsError } from '../base/errors.ts'
import { UNPROVED_BODY_BYTES_MAX } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { Service } from '../base/services.ts'
import type { Call } from '../pipeline/call.ts'
import type { Execute } from '../pipeline/execute.ts'
import type { Operation } from '../pipeline/operation.ts'
import { type Answer, jsonAnswer, xmlAnswer } from './answer.ts'
import { isJsonType, parseBody } from './aws-json.ts'
import type { ControlEndpoints } from './control-endpoint.ts'
import { errorAnswer } from './error-response.ts'
import { foreignPage } from './foreign-pages.ts'
import {
  findQueryOperation,
  formAsked,
  isQueryRequest,
  type QueryService,
  queryAnswer,
  queryErrorAnswer,
  readParameters,
  serviceOfVersion,
} from './query-protocol.ts'
import type { SecurityLog } from './security-log.ts'

/** A request and the facts of its connection. */
export interface WireRequest extends SignedRequest {
  readonly sourceIp: string
  readonly isForwardedSecurely?: Call['isForwardedSecurely']
  readonly tls: Call['tls']
}

/** Never fails, never waits. */
export interface RequestObserver {
  /** @param operation `undefined`: none that there is was asked for. @param exceptionName `undefined`: it went well. */
  answered(operation: Operation | undefined, exceptionName: string | undefined, ms: number): void
}

export interface HandlerOptions {
  readonly execute: Execute
  readonly authenticator: Authenticator
  readonly operations: Readonly<Record<Service, ReadonlyMap<string, Operation>>>
  readonly clock: Clock
  readonly uuid: () => string
  readonly log: Log
  readonly securityLog: SecurityLog
  /** `undefined`: nobody measures. */
  readonly observer?: RequestObserver | undefined
  /** Makes sure that nothing cached is older than the bound (design.md section 3); `undefined` when it is not. */
  readonly ensureFresh: () => Promise<void> | undefined
  /** Development only: elsewhere their paths are like any others. */
  readonly controls?: ControlEndpoints | undefined
  /** Development only: web pages from elsewhere are refused, because nobody else is. */
  readonly refusesForeignPages?: boolean | undefined
}

interface Progress {
  operation: Operation | undefined
  isAuthenticated: boolean
}

/** Who calls without a signature, until the operation itself has found out (`identify`). */
const NOBODY: AuthenticatedRequest = Object.freeze({
  principal: Object.freeze({
    type: 'WebIdentityUser',
    account: '',
    arn: '',
    principalId: '',
    entityId: '',
    principalArn: '',
    accessKeyId: '',
  }),
  region: 'us-east-1',
})

/** IAM is one for all Regions (authorization.md 6.2), whichever of them a request was signed for. */
const IAM_REGION = 'us-east-1'

const TARGET_PREFIX = 'TrentService.'
/** audit.md section 6: as the model has it, and as clients of some languages spell it. */
const CLOUDTRAIL_PREFIXES = ['CloudTrail_20131101.', 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.']

const UNKNOWN_OPERATION = '<UnknownOperationException/>'
const NOTHING_TO_AUTHORIZE = `<AccessDeniedException>
  <Message>Unable to determine service/operation name to be authorized</Message>
</AccessDeniedException>`

export function createRequestHandler(options: HandlerOptions): (request: WireRequest) => Promise<Answer> {
  const { execute, authenticator, clock, uuid, log, securityLog, observer, ensureFresh } = options
  const targets = targetsOf(options.operations)

  function callOf(request: WireRequest, requestId: string, { principal, region, source }: AuthenticatedRequest): Call {
    return {
      principal,
      source,
      region,
      requestId,
      time: clock.now(),
      sourceIp: request.sourceIp,
      userAgent: request.headers.get('user-agent') ?? '',
      referer: request.headers.get('referer'),
      tls: request.tls,
      isForwardedSecurely: request.isForwardedSecurely,
    }
  }

  function noteFailure(request: WireRequest, answer: Answer, error: unknown, { operation, isAuthenticated }: Progress) {
    const { status, requestId } = answer
    if (status >= 500) log.error({ err: error, requestId, operation: operation?.name }, 'a request failed inside')
    else if (!isAuthenticated) {
      securityLog.refused(request.sourceIp, claimedAccessKeyId(request), (error as KmsError).code)
    }
  }

  function noteFailed({ operation }: Progress, error: unknown, startedAt: number): void {
    const code = error instanceof KmsError ? error.code : 'KMSInternalException'
    observer?.answered(operation, code, performance.now() - startedAt)
  }

  async function handleQuery(request: WireRequest, requestId: string, startedAt: number): Promise<Answer> {
    const progress: Progress = { operation: undefined, isAuthenticated: false }
    const claimed = claimedService(request)
    let service: QueryService = claimed === 'iam' ? 'iam' : 'sts'
    try {
      const parameters = readParameters(request)
      if (claimed !== service) service = serviceOfVersion(parameters)
      const operation = findQueryOperation(options.operations[service], service, parameters)
      progress.operation = operation
      await ensureFresh()
      const who = operation.unsigned ? NOBODY : await authenticator.authenticate(request, service)
      progress.isAuthenticated = operation.unsigned !== true
      const call = callOf(request, requestId, service === 'iam' ? { ...who, region: IAM_REGION } : who)
      const output = await execute(operation, operation.input.fromQuery(parameters), call)
      observer?.answered(operation, undefined, performance.now() - startedAt)
      return queryAnswer(service, operation, output, requestId, formAsked(service, request))
    } catch (error) {
      if (error instanceof ConnectionDropped) throw error
      const isInside = progress.isAuthenticated || progress.operation?.unsigned === true
      const answer = queryErrorAnswer(service, error, requestId, isInside, formAsked(service, request))
      noteFailure(request, answer, error, progress)
      noteFailed(progress, error, startedAt)
      return answer
    }
  }

  return async function handle(request) {
    const requestId = uuid()
    const startedAt = observer === undefined ? 0 : performance.now()
    const progress: Progress = { operation: undefined, isAuthenticated: false }
    try {
      if (options.refusesForeignPages === true) refuseForeignPage(request)
      const control = options.controls?.get(request.path)
      if (control !== undefined) return await control(request, requestId)
      if (isQueryRequest(request) && claimedService(request) !== 'kms') {
        return await handleQuery(request, requestId, startedAt)
      }
      const unroutable = refuseUnroutable(request, requestId)
      if (unroutable !== undefined) {
        securityLog.refused(request.sourceIp, undefined, `HTTP ${unroutable.status}`)
        return unroutable
      }
      const isLong = request.body.length > UNPROVED_BODY_BYTES_MAX
      const body = isLong ? undefined : parseBody(request.body)
      const operation = findOperation(targets, request)
      progress.operation = operation
      // Before anything that is cached counts, whose the access key is too. And all requests of a turn come here before the first
      // goes on: the checks of signatures then follow one another.
      await ensureFresh()
      const who = await authenticator.authenticate(request, operation.service)
      progress.isAuthenticated = true
      const output = await execute(operation, body ?? parseBody(request.body), callOf(request, requestId, who))
      observer?.answered(operation, undefined, performance.now() - startedAt)
      return jsonAnswer(200, output === undefined ? '' : JSON.stringify(output), requestId)
    } catch (error) {
      if (error instanceof ConnectionDropped) throw error
      const answer = errorAnswer(error, requestId)
      noteFailure(request, answer, error, progress)
      noteFailed(progress, error, startedAt)
      return answer
    }
  }
}

/** @throws {KmsError} `AccessDeniedException` */
function refuseForeignPage({ headers }: WireRequest): void {
  const complaint = foreignPage(headers)
  if (complaint !== undefined) throw new KmsError('AccessDeniedException', `Keyhold in development mode ${complaint}.`)
}

/** Answers that are not JSON: row 2, and what has neither a target nor a signature. */
function refuseUnroutable({ method, query, headers, body }: WireRequest, requestId: string): Answer | undefined {
  const contentType = headers.get('content-type')
  if (method !== 'POST' || (body.length > 0 && !isJsonType(contentType ?? ''))) {
    return xmlAnswer(404, UNKNOWN_OPERATION, requestId)
  }
  const hasTarget = headers.get('x-amz-target') !== undefined
  const hasSignature = headers.get('authorization') !== undefined || query.includes('X-Amz-Algorithm')
  if (!hasTarget && !hasSignature) return xmlAnswer(403, NOTHING_TO_AUTHORIZE, requestId)
  return undefined
}

function targetsOf({ kms, cloudtrail }: HandlerOptions['operations']): ReadonlyMap<string, Operation> {
  const named = (prefix: string, operations: ReadonlyMap<string, Operation>) =>
    [...operations].map(([name, operation]) => [prefix + name, operation] as const)
  return new Map([...named(TARGET_PREFIX, kms), ...CLOUDTRAIL_PREFIXES.flatMap((prefix) => named(prefix, cloudtrail))])
}

/** @throws {KmsError} `UnknownOperationException` without text (row 4). */
function findOperation(targets: ReadonlyMap<string, Operation>, { headers }: WireRequest): Operation {
  const operation = targets.get(headers.get('x-amz-target') ?? '')
  if (operation === undefined) throw new KmsError('UnknownOperationException')
  return operation
}
