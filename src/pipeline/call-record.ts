/** The audit record of a call: made of what is known when it ends, however it ends (audit.md section 4). */
import { type AuditResource, auditLine } from '../audit/audit-record.ts'
import { KmsError } from '../base/errors.ts'
import type { Call } from './call.ts'
import type { Operation, Use } from './operation.ts'
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
  let keyArn: string | undefined
  for (const found of located) if (found !== undefined && 'key' in found) keyArn = found.arn
  const resources = resourcesOf(operation.uses, located, principal.account, failed)
  const created = failed ? undefined : template.created?.(output)
  if (created !== undefined) resources.push({ type: KEY, account: principal.account, arn: created })
  return auditLine({
    eventId,
    requestId: call.requestId,
    time,
    service: operation.service ?? 'kms',
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

const KEY = 'AWS::KMS::Key'
const ROLE = 'AWS::IAM::Role'

/** Keys, aliases and the role to assume. Events of IAM name what they are about in their parameters only. */
function resourcesOf(
  uses: readonly Use<unknown>[],
  located: LocatedUses,
  callerAccount: string,
  failed: boolean,
): AuditResource[] {
  const resources: AuditResource[] = []
  for (let index = 0; index < located.length; index++) {
    const found = located[index]
    const { on } = uses[index]!
    if (found === undefined || on === 'entity' || on === 'account') continue
    const account = 'account' in found ? found.account : callerAccount
    // A failed call shows only what is the caller's own (audit.md 4.4).
    if (failed && account !== callerAccount) continue
    if ('key' in found && found.key === undefined) continue
    // A role is used several times by one call: to be assumed, to be given tags.
    const isKnownRole = on === 'role' && resources.some(({ arn }) => arn === found.arn)
    if (!isKnownRole) resources.push({ type: on === 'role' ? ROLE : KEY, account, arn: found.arn })
  }
  return resources
}

/**
 * A bug is recorded as what the client will see of it. The text of a type error echoes what was sent, which may be a
 * ciphertext or a token, so the record has the code alone.
 */
function asKmsError(error: unknown): { code: string; text: string | undefined } {
  if (!(error instanceof KmsError)) return { code: 'KMSInternalException', text: undefined }
  return error.code === 'SerializationException' ? { code: error.code, text: undefined } : error
}
