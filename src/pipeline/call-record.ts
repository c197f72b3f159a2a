/** The audit record of a call: made of what is known when it ends, however it ends (audit.md section 4). */
import { type AuditResource, auditLine } from '../audit/audit-record.ts'
import { KmsError } from '../base/errors.ts'
import type { Call } from './call.ts'
import type { Operation } from './operation.ts'
import { keysOf, type LocatedUses } from './uses.ts'

export interface RecordedCall {
  readonly operation: Operation
  readonly call: Call
  readonly eventId: string
  /** Milliseconds since the epoch, when the call ended. */
  readonly time: number
  /** `undefined`: it did not pass validation. */
  readonly input: unknown
  readonly located: LocatedUses
  readonly additionalEventData: Readonly<Record<string, unknown>>
}

/** One line. @param error what the call failed with; `undefined`: it succeeded with `output`. */
export function callRecord(recorded: RecordedCall, output: unknown, error?: unknown): string {
  const { operation, call, input, located, additionalEventData, eventId, time } = recorded
  const { principal } = call
  const { audit: template } = operation
  const failed = error !== undefined
  const resources: AuditResource[] = []
  let keyArn: string | undefined
  for (const found of located) {
    if (found === undefined) continue
    const isKey = 'key' in found
    // A record names the keys of its own Region; what a call does in another has a record there (audit.md AU-7).
    if (isKey && found.key !== undefined && found.key.region !== call.region) continue
    const account = isKey ? found.account : principal.account
    if (isKey) keyArn = found.arn
    // A failed call shows only the caller's own keys (audit.md 4.4).
    if ((failed && account !== principal.account) || (isKey && found.key === undefined)) continue
    resources.push({ account, arn: found.arn })
  }
  const created = failed ? undefined : template.created?.(output)
  if (created !== undefined) resources.push({ account: principal.account, arn: created })
  return auditLine({
    eventId,
    requestId: call.requestId,
    time,
    eventName: operation.name,
    region: call.region,
    identity: principal,
    sourceIp: call.sourceIp,
    userAgent: call.userAgent,
    readOnly: template.readOnly,
    error: failed ? asKmsError(error) : undefined,
    parameters: input === undefined ? undefined : template.parameters?.(input),
    response: failed ? undefined : template.response?.(output, keyArn),
    additional: additionalEventData,
    resources,
    tls: call.tls,
  })
}

/** @returns `undefined` if the call, which succeeded, did nothing in another Region. */
export function recordElsewhere(recorded: RecordedCall, output: unknown): string | undefined {
  const { operation, call, input, located, eventId, time } = recorded
  const elsewhere = operation.audit.elsewhere?.(input, output, keysOf(located))
  if (elsewhere === undefined) return undefined
  const { eventName, region, parameters, response, keyArn } = elsewhere
  const { principal, requestId, sourceIp, userAgent, tls } = call
  return auditLine({
    ...{ eventId, requestId, time, eventName, region, sourceIp, userAgent, tls, parameters, response },
    // Not the caller himself: the service, on his behalf.
    identity: { ...principal, invokedBy: 'kms.amazonaws.com' },
    readOnly: false,
    error: undefined,
    additional: undefined,
    resources: [{ account: principal.account, arn: keyArn }],
  })
}

/**
 * A bug is recorded as what the client will see of it. The text of a type error echoes what was sent, which may be a
 * ciphertext or a token, so the record has the code alone.
 */
function asKmsError(error: unknown): { code: string; text: string | undefined } {
  if (!(error instanceof KmsError)) return { code: 'KMSInternalException', text: undefined }
  return error.code === 'SerializationException' ? { code: error.code, text: undefined } : error
}
