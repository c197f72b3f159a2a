/**
 * The only way to a handler. The order of checks is a security decision (authorization.md section 0,
 * docs/decisions/0003-order-of-checks.md): validate, resolve every resource, authorise every use, and only then look at
 * anything that could tell about a key.
 */
import { serviceEventLine } from '../audit/audit-record.ts'
import { KmsError } from '../base/errors.ts'
import type { AttestedRecipient, RecipientInfo } from '../domain/attestation.ts'
import { type BusEvent, busEventOf } from '../domain/bus-event.ts'
import { NO_ACCOUNT } from '../domain/identity/services.ts'
import { checkMayCall } from '../domain/identity/session-rules.ts'
import type { Key } from '../domain/keys/key.ts'
import type { Change, Reader } from '../domain/store.ts'
import type { Call } from './call.ts'
import { callRecord, otherAccounts, recordElsewhere } from './call-record.ts'
import { type CallToCheck, createCallCheck } from './check-call.ts'
import { isToBeMade, makeManagedKeys } from './first-use.ts'
import { refusedAsPendingDeletion } from './key-rules.ts'
import { refuseLockout } from './lockout.ts'
import { warnOfOpenPolicies } from './open-policies.ts'
import type { ChangeContext, IdentifiedCaller, Operation, Use, UsedKey } from './operation.ts'
import type { PipelineServices } from './pipeline-services.ts'
import { keysOf } from './uses.ts'

interface EventRecord {
  readonly eventId: string
  readonly line: string
  /** The same for those who are sent events, if there are any. */
  readonly toSend?: BusEvent | undefined
}

/** How a call ended well. */
interface Done {
  readonly output: unknown
  /** Its audit record, copies for other accounts, and what the service itself did on the way. */
  readonly records: readonly EventRecord[]
}

const NOBODY: readonly string[] = []

export type Execute = (operation: Operation, body: unknown, call: Call) => Promise<unknown>

/** What is known of a call so far; the audit record is made of it, however the call ends. */
interface Progress extends CallToCheck {
  /** With the principal that `identify` found, once it has. */
  call: Call
  input: unknown
  recipient?: AttestedRecipient
  caller?: IdentifiedCaller
  readonly events: EventRecord[]
  /** Keys whose policies somebody wrote. */
  newPolicies?: Key[]
}

export function createPipeline(services: PipelineServices): Execute {
  const { store, cache, audit } = services
  const check = createCallCheck(services)

  async function execute(operation: Operation, body: unknown, call: Call): Promise<unknown> {
    audit.admit(operation.changes)
    services.identity.noteUse(call.principal.accessKeyId, operation.service ?? 'kms', call.region, call.time)
    const progress: Progress = {
      call,
      input: undefined,
      located: [],
      additionalEventData: {},
      events: [],
    }
    const eventId = services.random.uuid()
    let done: Done
    try {
      checkMayCall(call.principal, operation.service ?? 'kms', operation.name)
      // IAM does not repeat what it was sent.
      const input = operation.input.parse(body, operation.service !== 'iam')
      progress.input = input
      operation.check?.(input, call)
      const { Recipient } = input as { Recipient?: RecipientInfo }
      if (Recipient !== undefined) await verifyRecipient(Recipient, progress)
      if (operation.identify !== undefined) await identify(operation, progress)
      const run = operation.changes ? runChange : runReading
      done = await run(operation, input, progress, eventId)
    } catch (error) {
      // Somebody who is not known yet fills no audit log (audit.md AU-3): the wire counts him.
      const isAttributable = operation.unsigned !== true || progress.caller !== undefined
      // A change may have been committed although its answer was lost. Its record waits in the store by its id, and would be taken for written.
      const failureId = operation.changes ? services.random.uuid() : eventId
      if (isAttributable) await append(recordsOf(operation, progress, failureId, undefined, error))
      noteRefusal(operation, progress, failureId, error)
      throw error
    }
    // Not within the try: a record that the log does not take is no other end of the call.
    if (operation.changes) {
      if (progress.newPolicies !== undefined) warnOfOpenPolicies(progress.newPolicies, call, services.log)
      await logChange(done.records)
    } else {
      await append(done.records)
      noteUses(operation, progress, eventId)
    }
    return done.output
  }

  /** All of them are handed over before the first is waited for, so that they reach the disk together. */
  async function logChange(records: readonly EventRecord[]): Promise<void> {
    await Promise.all(records.map((record) => services.outbox.log(record.eventId, record.line)))
  }

  /** As a rule there is one. */
  function append(records: readonly EventRecord[]): Promise<unknown> {
    if (records.length === 1) return audit.append(records[0]!.line)
    return Promise.all(records.map(({ line }) => audit.append(line)))
  }

  /** Of a key that is pending deletion: somebody may need it (lifecycle.md DEL-30). */
  function noteRefusal(operation: Operation, { located, call }: Progress, eventId: string, error: unknown): void {
    const key = refusedAsPendingDeletion(error, keysOf(located))
    if (key === undefined) return
    const { time, requestId, sourceIp, principal } = call
    services.deletionAlarms.note(key, {
      operation: operation.name,
      time,
      eventId,
      requestId,
      sourceIp,
      principal: principal.arn,
    })
  }

  function noteUses({ uses, name }: Operation, { located, call }: Progress, eventId: string): void {
    for (let index = 0; index < uses.length; index++) {
      const use = uses[index]!
      if (use.on !== 'key' || use.keyUsage === undefined) continue
      const { key } = located[index] as UsedKey
      services.keyUsage.note(key, name, call.time, eventId, call.requestId)
    }
  }

  /**
   * Waits after each step even where nothing has to be waited for: calls that came together are then checked one after the
   * other, handled one after the other, recorded one after the other, and each step's code stays in the processor's caches for
   * all of them (docs/performance.md).
   */
  async function runReading(operation: Operation, input: unknown, progress: Progress, eventId: string) {
    await check(operation, progress, cache, store)
    if (progress.located.some(isToBeMade)) progress.located = await makeManagedKeys(progress.located, services)
    const output = await operation.handler(input, context(progress, store), undefined)
    refuseDryRun(input)
    return { output, records: recordsOf(operation, progress, eventId, output) }
  }

  /** Checks and handler see one snapshot, and the record commits with the change (audit.md G-2). */
  async function runChange(operation: Operation, input: unknown, progress: Progress, eventId: string) {
    const prepared = operation.prepare && (await prepare(operation, input, progress))
    return store.change(async (change) => {
      await check(operation, progress, change, change)
      const output = await operation.handler(input, context(progress, change, change), prepared)
      refuseDryRun(input)
      const own = recordsOf(operation, progress, eventId, output)
      if (operation.audit.elsewhere !== undefined) noteElsewhere(operation, progress, output)
      const records = [...own, ...progress.events]
      for (const { eventId, line, toSend } of records) {
        await change.recordAudit({ eventId, line, node: services.node })
        if (toSend !== undefined) await change.recordEvent(toSend)
      }
      return { output, records }
    })
  }

  async function prepare(operation: Operation, input: unknown, progress: Progress): Promise<unknown> {
    await check(operation, progress, cache, store)
    return operation.prepare!(input, context(progress, store))
  }

  /** Before anything is authorised: policies may ask for measurements of the recipient. */
  async function verifyRecipient(info: RecipientInfo, progress: Progress): Promise<void> {
    const recipient = await services.attestations.verify(info, progress.call.time)
    progress.recipient = recipient
    progress.additionalEventData.recipient = {
      attestationDocumentModuleId: recipient.moduleId,
      attestationDocumentEnclaveImageDigest: recipient.imageDigest,
    }
  }

  async function identify(operation: Operation, progress: Progress): Promise<void> {
    const caller = await operation.identify!(progress.input, progress.call, services.identity)
    progress.caller = caller
    progress.call = { ...progress.call, principal: caller.principal, webIdentity: caller.webIdentity }
  }

  function context(progress: Progress, reader: Reader, change?: Change): ChangeContext<readonly Use<unknown>[]> {
    return {
      resources: progress.located as unknown as ChangeContext<readonly Use<unknown>[]>['resources'],
      call: progress.call,
      keyMaterials: services.keyMaterials,
      keyImports: services.keyImports,
      keyStores: services.keyStores,
      keyUsage: services.keyUsage,
      identity: services.identity,
      grants: services.grants,
      quotas: services.quotas,
      random: services.random,
      eventHistory: services.eventHistory,
      recipient: progress.recipient,
      webIdentity: progress.caller?.webIdentity,
      store: reader,
      // Only handlers of changing operations are typed to see these two, and they always run with a change.
      change: change as Change,
      refuseLockout: (key) => refuseLockout(progress.asked!, key),
      noteNewPolicy(key) {
        progress.newPolicies ??= []
        progress.newPolicies.push(key)
      },
      recordEvent(event) {
        const eventId = services.random.uuid()
        const time = services.clock.now()
        const toSend = services.sendsEvents ? busEventOf(event, eventId, time) : undefined
        progress.events.push({ eventId, line: serviceEventLine({ ...event, eventId, time }), toSend })
      },
      additionalEventData: progress.additionalEventData,
    }
  }

  /** The caller's first, then those of the accounts whose keys or roles he used (audit.md AU-5). */
  function recordsOf(
    operation: Operation,
    progress: Progress,
    eventId: string,
    output: unknown,
    error?: unknown,
  ): EventRecord[] {
    const { call, input, located, additionalEventData, isAuthorized } = progress
    const time = services.clock.now()
    const recorded = { operation, call, eventId, time, input, located, additionalEventData, isAuthorized }
    const others = isAuthorized ? otherAccounts(located, call) : NOBODY
    if (others.length === 0) return [{ eventId, line: callRecord(recorded, output, error) }]
    // A service has no account that could have a record of its own.
    const own = call.principal.account === NO_ACCOUNT ? [] : [undefined]
    const copies = [...own, ...others]
    const shared = copies.length === 1 ? recorded : { ...recorded, sharedEventId: services.random.uuid() }
    return copies.map((copyFor, index) => {
      const id = index === 0 ? eventId : services.random.uuid()
      const copy = { ...shared, eventId: id, ...(copyFor !== undefined && { copyFor }) }
      return { eventId: id, line: callRecord(copy, output, error) }
    })
  }

  /** What a change did in another Region has a record there, which commits with it as the first one does. */
  function noteElsewhere(operation: Operation, progress: Progress, output: unknown): void {
    const eventId = services.random.uuid()
    const line = recordElsewhere({ operation, eventId, time: services.clock.now(), ...progress }, output)
    if (line !== undefined) progress.events.unshift({ eventId, line })
  }

  return execute
}

/** After everything that could fail, the opening of a ciphertext included (operations.md 3.0, DryRun). */
function refuseDryRun(input: unknown): void {
  if ((input as { DryRun?: boolean }).DryRun !== true) return
  throw new KmsError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.')
}
