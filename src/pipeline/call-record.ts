/** The audit record of a call: made of what is known when it ends, however it ends (audit.md section 4). */
import { type AuditFields, type AuditResource, auditLine } from '../audit/audit-record.ts'
import { KmsError } from '../base/errors.ts'
import type { Key } from '../domain/keys/key.ts'
import type { LocatedKey } from '../domain/keys/locate-key.ts'
import { callingService } from '../domain/principal.ts'
import type { Call } from './call.ts'
import type { Located } from './locate.ts'
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
  /** The caller may know what else there is to know of the keys. */
  readonly isAuthorized?: boolean | undefined
  /** Of a copy for another account than the caller's, and of every record of a service, which has none. */
  readonly copyFor?: string
  readonly sharedEventId?: string
}

/** One line. @param error what the call failed with; `undefined`: it succeeded with `output`. */
export function callRecord(recorded: RecordedCall, output: unknown, error?: unknown): string {
  const { operation, call, input, located, eventId, time } = recorded
  const { principal } = call
  const { audit: template } = operation
  const { sourceIp, userAgent, tls } = originOf(call)
  const failed = error !== undefined
  let keyArn: string | undefined
  for (const found of located)
    if (found !== undefined && 'key' in found && !isElsewhere(found, call)) keyArn = found.arn
  const resources = resourcesOf(recorded, failed)
  const created = failed ? undefined : template.created?.(output)
  if (created !== undefined) resources?.push({ type: KEY, account: principal.account, arn: created })
  return auditLine({
    eventId,
    requestId: call.requestId,
    time,
    service: operation.service ?? 'kms',
    eventName: operation.name,
    region: call.region,
    identity: principal,
    sourceIp,
    userAgent,
    tls,
    readOnly: template.readOnly,
    error: failed ? asKmsError(error) : undefined,
    parameters: input === undefined ? undefined : template.parameters?.(input),
    response: failed ? undefined : template.response?.(output, keyArn),
    additional: withKeyStores(recorded, withPeer(recorded)),
    resources,
    recipient: recorded.copyFor,
    sharedEventId: recorded.sharedEventId,
  })
}

/** A call that a service makes or forwards comes from the service, as its records say (audit.md section 1). */
function originOf({ principal, sourceIp, userAgent, tls }: Call) {
  const service = callingService(principal)
  return service === undefined
    ? { sourceIp, userAgent, tls }
    : { sourceIp: service, userAgent: service, tls: undefined }
}

/** Where it really came from. */
function withPeer({ additionalEventData, call }: RecordedCall): AuditFields {
  const { principal, sourceIp, userAgent, source } = call
  if (callingService(principal) === undefined) return additionalEventData
  return {
    ...additionalEventData,
    service: { sourceIPAddress: sourceIp, userAgent, sourceArn: source?.arn, sourceAccount: source?.account },
  }
}

/** Where the keys of a cryptographic operation are, if that is a custom key store (audit.md 4.1); also of one that failed. */
function withKeyStores(recorded: RecordedCall, known: AuditFields): AuditFields {
  const { operation, located, isAuthorized, call, copyFor = call.principal.account } = recorded
  if (isAuthorized !== true) return known
  const { uses } = operation
  let fields = known
  for (let index = 0; index < located.length; index++) {
    const use = uses[index]!
    if (use.on !== 'key' || use.keyUsage === undefined) continue
    const { key } = located[index] as LocatedKey
    // Which store it is in is for its owner.
    if (key?.customKeyStore === undefined || key.account !== copyFor) continue
    fields = { ...fields, ...keyStoreFields(key, uses.length === 1 ? undefined : SIDES[index]) }
  }
  return fields
}

/** ReEncrypt's two keys are told apart as their material ids are. */
const SIDES = ['source', 'destination'] as const

function keyStoreFields(key: Key, side: (typeof SIDES)[number] | undefined): AuditFields {
  const { storeId, xksKeyId } = key.customKeyStore!
  const backing = xksKeyId === undefined ? { backingKeyId: key.currentMaterialId } : { xksKeyId }
  const fields = { customKeyStoreId: storeId, ...backing }
  if (side === undefined) return fields
  const named = Object.entries(fields).map(([name, value]) => [
    `${side}${name[0]!.toUpperCase()}${name.slice(1)}`,
    value,
  ])
  return Object.fromEntries(named)
}

const KEY = 'AWS::KMS::Key'
const ROLE = 'AWS::IAM::Role'

/** A record names the keys of its own Region; what a call does in another has a record there (audit.md AU-7). */
function isElsewhere(found: NonNullable<Located>, { region }: Call): boolean {
  return 'key' in found && found.key !== undefined && found.key.region !== region
}

/** Keys, aliases and the role to assume. Events of IAM and of key stores name what they are about in their parameters only. */
function resourcesOf(recorded: RecordedCall, failed: boolean): AuditResource[] | undefined {
  const { operation, located, call, copyFor } = recorded
  const { uses } = operation
  const [only] = uses
  if (only?.on === 'account' && only.isAboutKeyStores === true) return undefined
  const callerAccount = call.principal.account
  const resources: AuditResource[] = []
  for (let index = 0; index < located.length; index++) {
    const found = located[index]
    const use = uses[index]!
    const { on } = use
    if (found === undefined || on === 'entity' || on === 'account' || isElsewhere(found, call)) continue
    if (on === 'key' && use.isUnrecorded === true) continue
    const account = 'account' in found ? found.account : callerAccount
    // A failed call shows only what is the caller's own (audit.md 4.4), and a copy only what belongs to whom it is for.
    if ((failed || copyFor !== undefined) && account !== (copyFor ?? callerAccount)) continue
    if ('key' in found && !exists(found)) continue
    // A role is used several times by one call: to be assumed, to be given tags.
    const isKnownRole = on === 'role' && resources.some(({ arn }) => arn === found.arn)
    if (!isKnownRole) resources.push({ type: on === 'role' ? ROLE : KEY, account, arn: found.arn })
  }
  return resources
}

/** Whose keys or roles a call used besides the caller's own: each account gets a copy of the record (audit.md AU-5). */
export function otherAccounts(located: LocatedUses, { principal }: Call): readonly string[] {
  let others = NONE
  for (const found of located) {
    if (found === undefined || !('account' in found) || found.account === principal.account) continue
    if (found.account !== '' && !others.includes(found.account)) others = [...others, found.account]
  }
  return others
}

const NONE: readonly string[] = []

/** A key that a call would have made is none, if it failed. */
function exists({ key, isToBeMade }: LocatedKey): boolean {
  return key !== undefined && isToBeMade !== true
}

/** @returns `undefined` if the call, which succeeded, did nothing in another Region. */
export function recordElsewhere(recorded: RecordedCall, output: unknown): string | undefined {
  const { operation, call, input, located, eventId, time } = recorded
  const elsewhere = operation.audit.elsewhere?.(input, output, keysOf(located))
  if (elsewhere === undefined) return undefined
  const { eventName, region, parameters, response, keyArn } = elsewhere
  const { principal, requestId } = call
  return auditLine({
    ...{ eventId, requestId, time, eventName, region, parameters, response },
    ...originOf(call),
    service: 'kms',
    // Not the caller himself: the service, on his behalf.
    identity: { ...principal, invokedBy: 'kms.amazonaws.com' },
    readOnly: false,
    error: undefined,
    additional: undefined,
    resources: [{ type: KEY, account: principal.account, arn: keyArn }],
  })
}

/**
 * A bug is recorded as what the client will see of it. The text of a type error echoes what was sent, which may be a
 * ciphertext or a token, so the record has the code alone.
 */
function asKmsError(error: unknown): { code: string; text: string | undefined } {
  if (!(error instanceof KmsError)) return { code: 'KMSInternalException', text: undefined }
  return { code: error.code, text: error.code === 'SerializationException' ? undefined : error.recordedText }
}
