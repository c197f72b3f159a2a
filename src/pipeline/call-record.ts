/** The audit record of a call: made of what is known when it ends, however it ends (audit.md section 4). */
import { type AuditResource, auditLine } from '../audit/audit-record.ts'
import { KmsError } from '../base/errors.ts'
import type { LocatedKey } from '../domain/keys/locate-key.ts'
import type { Call } from './call.ts'
import type { Operation } from './operation.ts'
import type { LocatedUses } from './uses.ts'

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
    const account = isKey ? found.account : principal.account
    if (isKey) keyArn = found.arn
    // A failed call shows only the caller's own keys (audit.md 4.4).
    if ((failed && account !== principal.account) || (isKey && !exists(found))) continue
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

/** A key that a call would have made is none, if it failed. */
function exists({ key, isToBeMade }: LocatedKey): boolean {
  return key !== undefined && isToBeMade !== true
}

/**
 * A bug is recorded as what the client will see of it. The text of a type error echoes what was sent, which may be a
 * ciphertext or a token, so the record has the code alone.
 */
function asKmsError(error: unknown): { code: string; text: string | undefined } {
  if (!(error instanceof KmsError)) return { code: 'KMSInternalException', text: undefined }
  return error.code === 'SerializationException' ? { code: error.code, text: undefined } : error
}
