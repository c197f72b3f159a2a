/**
 * The only way to a handler. The order of checks is a security decision (authorization.md section 0,
 * docs/decisions/0003-order-of-checks.md): validate, resolve every resource, authorise every use, and only then look at
 * anything that could tell about a key.
 */
import { type AuditSink, serviceEventLine } from '../audit/audit-record.ts'
import type { Clock } from '../base/clock.ts'
import { KmsError } from '../base/errors.ts'
import type { Attestations, AttestedRecipient, RecipientInfo } from '../domain/attestation.ts'
import type { AuditOutbox } from '../domain/audit-outbox.ts'
import type { KeyImports } from '../domain/imports/key-imports.ts'
import type { KeyUsage } from '../domain/key-usage.ts'
import type { KeyMaterials } from '../domain/keys/key-material.ts'
import type { RandomSource } from '../domain/services.ts'
import type { Change, Lookups, Reader, Store } from '../domain/store.ts'
import type { Call } from './call.ts'
import { callRecord } from './call-record.ts'
import { isToBeMade, makeManagedKeys } from './first-use.ts'
import type { ChangeContext, Operation, Use, UsedKey } from './operation.ts'
import { checkUses, type LocatedUses, locateUses } from './uses.ts'

export interface PipelineServices {
  readonly store: Store
  /** Answers the warm path without the store. */
  readonly cache: Lookups
  readonly keyMaterials: KeyMaterials
  readonly keyImports: KeyImports
  readonly keyUsage: KeyUsage
  readonly attestations: Attestations
  readonly random: RandomSource
  readonly audit: AuditSink
  /** Makes sure that the cache is not older than the bound (design.md section 3); `undefined` when it is not. */
  readonly ensureFresh: () => Promise<void> | undefined
  readonly clock: Clock
  /** Names this node in records that wait for its audit log. */
  readonly node: string
  /** Brings records to the audit log that were committed with their changes. */
  readonly outbox: AuditOutbox
}

interface EventRecord {
  readonly eventId: string
  readonly line: string
}

/** How a call ended well. */
interface Done {
  readonly output: unknown
  /** Its audit record. */
  readonly line: string
  /** Of what the service itself did on the way. */
  readonly events: readonly EventRecord[]
}

export type Execute = (operation: Operation, body: unknown, call: Call) => Promise<unknown>

const NO_EVENTS: readonly EventRecord[] = []

/** What is known of a call so far; the audit record is made of it, however the call ends. */
interface Progress {
  input?: unknown
  recipient?: AttestedRecipient
  located: LocatedUses
  readonly additionalEventData: Record<string, unknown>
  readonly events: EventRecord[]
}

export function createPipeline(services: PipelineServices): Execute {
  const { store, cache, audit } = services

  async function execute(operation: Operation, body: unknown, call: Call): Promise<unknown> {
    const refreshing = services.ensureFresh()
    if (refreshing !== undefined) await refreshing
    audit.admit(operation.changes)
    const progress: Progress = { located: [], additionalEventData: {}, events: [] }
    const eventId = services.random.uuid()
    let done: Done
    try {
      const input = operation.input.parse(body)
      progress.input = input
      operation.check?.(input, call)
      const { Recipient } = input as { Recipient?: RecipientInfo }
      if (Recipient !== undefined) await verifyRecipient(Recipient, call, progress)
      const run = operation.changes ? runChange : runReading
      done = await run(operation, input, call, progress, eventId)
    } catch (error) {
      await audit.append(record(operation, call, progress, eventId, undefined, error))
      throw error
    }
    // Not within the try: a record that the log does not take is no other end of the call.
    if (operation.changes) await logChange(eventId, done)
    else {
      await audit.append(done.line)
      noteUses(operation, progress, call, eventId)
    }
    return done.output
  }

  /** All of them are handed over before the first is waited for, so that they reach the disk together. */
  async function logChange(eventId: string, { line, events }: Done): Promise<void> {
    const records = [{ eventId, line }, ...events]
    await Promise.all(records.map((record) => services.outbox.log(record.eventId, record.line)))
  }

  function noteUses({ uses, name }: Operation, { located }: Progress, call: Call, eventId: string): void {
    for (let index = 0; index < uses.length; index++) {
      const use = uses[index]!
      if (use.on !== 'key' || use.keyUsage === undefined) continue
      const { key } = located[index] as UsedKey
      services.keyUsage.note(key, name, call.time, eventId, call.requestId)
    }
  }

  async function runReading(operation: Operation, input: unknown, call: Call, progress: Progress, eventId: string) {
    await check(operation, call, progress, cache)
    if (progress.located.some(isToBeMade)) progress.located = await makeManagedKeys(progress.located, services)
    const output = await operation.handler(input, context(call, progress, store), undefined)
    refuseDryRun(input)
    return { output, line: record(operation, call, progress, eventId, output), events: NO_EVENTS }
  }

  /** Checks and handler see one snapshot, and the record commits with the change (audit.md G-2). */
  async function runChange(operation: Operation, input: unknown, call: Call, progress: Progress, eventId: string) {
    const prepared = operation.prepare && (await prepare(operation, input, call, progress))
    return store.change(async (change) => {
      await check(operation, call, progress, change)
      const output = await operation.handler(input, context(call, progress, change, change), prepared)
      refuseDryRun(input)
      const line = record(operation, call, progress, eventId, output)
      const { events } = progress
      for (const record of [{ eventId, line }, ...events]) await change.recordAudit({ ...record, node: services.node })
      return { output, line, events }
    })
  }

  async function prepare(operation: Operation, input: unknown, call: Call, progress: Progress): Promise<unknown> {
    await check(operation, call, progress, cache)
    return operation.prepare!(input, context(call, progress, store))
  }

  /** Before anything is authorised: policies may ask for measurements of the recipient. */
  async function verifyRecipient(info: RecipientInfo, call: Call, progress: Progress): Promise<void> {
    const recipient = await services.attestations.verify(info, call.time)
    progress.recipient = recipient
    progress.additionalEventData.recipient = {
      attestationDocumentModuleId: recipient.moduleId,
      attestationDocumentEnclaveImageDigest: recipient.imageDigest,
    }
  }

  async function check({ uses }: Operation, call: Call, progress: Progress, lookups: Lookups): Promise<void> {
    const { input, recipient } = progress
    const of = { uses, input, call, recipient, random: services.random }
    progress.located = await locateUses(of, lookups)
    checkUses(of, progress.located)
  }

  function context(
    call: Call,
    progress: Progress,
    reader: Reader,
    change?: Change,
  ): ChangeContext<readonly Use<unknown>[]> {
    return {
      resources: progress.located as unknown as ChangeContext<readonly Use<unknown>[]>['resources'],
      call,
      keyMaterials: services.keyMaterials,
      keyImports: services.keyImports,
      keyUsage: services.keyUsage,
      random: services.random,
      recipient: progress.recipient,
      store: reader,
      // Only handlers of changing operations are typed to see these two, and they always run with a change.
      change: change as Change,
      recordEvent(event) {
        const eventId = services.random.uuid()
        progress.events.push({ eventId, line: serviceEventLine({ ...event, eventId, time: services.clock.now() }) })
      },
      additionalEventData: progress.additionalEventData,
    }
  }

  function record(
    operation: Operation,
    call: Call,
    progress: Progress,
    eventId: string,
    output: unknown,
    error?: unknown,
  ): string {
    const { input, located, additionalEventData } = progress
    const time = services.clock.now()
    return callRecord({ operation, call, eventId, time, input, located, additionalEventData }, output, error)
  }

  return execute
}

/** After everything that could fail, the opening of a ciphertext included (operations.md 3.0, DryRun). */
function refuseDryRun(input: unknown): void {
  if ((input as { DryRun?: boolean }).DryRun !== true) return
  throw new KmsError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.')
}
