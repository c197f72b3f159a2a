/**
 * The only way to a handler. The order of checks is a security decision (authorization.md section 0,
 * docs/decisions/0003-order-of-checks.md): validate, resolve every resource, authorise every use, and only then look at
 * anything that could tell about a key.
 */
import { type AuditResource, type AuditSink, auditLine, serviceEventLine } from '../audit/audit-record.ts'
import { aliasArn } from '../base/arn.ts'
import type { Clock } from '../base/clock.ts'
import { KmsError } from '../base/errors.ts'
import type { Attestations, AttestedRecipient, RecipientInfo } from '../domain/attestation.ts'
import type { AuditOutbox } from '../domain/audit-outbox.ts'
import type { KeyImports } from '../domain/imports/key-imports.ts'
import type { KeyUsage } from '../domain/key-usage.ts'
import type { KeyMaterials } from '../domain/keys/key-material.ts'
import { type LocatedKey, locateKey, locateKeyOfAlias, locateKeyOfCiphertext } from '../domain/keys/locate-key.ts'
import { type AuthorizedResource, authorize, type ConditionContext } from '../domain/policy/authorize.ts'
import type { RandomSource } from '../domain/services.ts'
import type { Change, Lookups, Reader, Store } from '../domain/store.ts'
import type { Call } from './call.ts'
import { checkKeyRules } from './key-rules.ts'
import type { ChangeContext, KeyLocator, Operation, Use, UsedAlias, UsedKey } from './operation.ts'

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

/** What is known of a call so far; the audit record is made of it, however the call ends. */
interface Progress {
  input?: unknown
  recipient?: AttestedRecipient
  located: readonly (LocatedKey | UsedAlias | undefined)[]
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
    await check(operation, input, call, progress, cache)
    const output = await operation.handler(input, context(call, progress, store), undefined)
    refuseDryRun(input)
    return { output, line: record(operation, call, progress, eventId, output), events: NO_EVENTS }
  }

  /** Checks and handler see one snapshot, and the record commits with the change (audit.md G-2). */
  async function runChange(operation: Operation, input: unknown, call: Call, progress: Progress, eventId: string) {
    const prepared = operation.prepare && (await prepare(operation, input, call, progress))
    return store.change(async (change) => {
      await check(operation, input, call, progress, change)
      const output = await operation.handler(input, context(call, progress, change, change), prepared)
      refuseDryRun(input)
      const line = record(operation, call, progress, eventId, output)
      const { events } = progress
      for (const record of [{ eventId, line }, ...events]) await change.recordAudit({ ...record, node: services.node })
      return { output, line, events }
    })
  }

  async function prepare(operation: Operation, input: unknown, call: Call, progress: Progress): Promise<unknown> {
    await check(operation, input, call, progress, cache)
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

  /** Steps 4 to 6 of the order: each for all uses before the next. */
  async function check(operation: Operation, input: unknown, call: Call, progress: Progress, lookups: Lookups) {
    const { uses } = operation
    const located: (LocatedKey | UsedAlias | undefined)[] = []
    for (const use of uses) located.push(await locate(use, input, call, lookups))
    progress.located = located
    for (let index = 0; index < uses.length; index++) {
      authorizeUse(uses[index]!, input, call, located[index], progress.recipient)
    }
    for (const found of located) if (found !== undefined && 'missing' in found && found.missing) throw found.missing
    for (let index = 0; index < uses.length; index++) {
      const use = uses[index]!
      const found = located[index]
      if (use.on === 'key' && found !== undefined && 'key' in found) checkKeyRules(use, found.key!, input, call.time)
    }
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
    const { principal } = call
    const { audit: template } = operation
    const failed = error !== undefined
    const resources: AuditResource[] = []
    let keyArn: string | undefined
    for (const found of progress.located) {
      if (found === undefined) continue
      const isKey = 'key' in found
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
      time: services.clock.now(),
      eventName: operation.name,
      region: call.region,
      identity: principal,
      sourceIp: call.sourceIp,
      userAgent: call.userAgent,
      readOnly: template.readOnly,
      error: failed ? asKmsError(error) : undefined,
      parameters: progress.input === undefined ? undefined : template.parameters?.(progress.input),
      response: failed ? undefined : template.response?.(output, keyArn),
      additional: progress.additionalEventData,
      resources,
      tls: call.tls,
    })
  }

  return execute
}

async function locate(
  use: Use<unknown>,
  input: unknown,
  call: Call,
  lookups: Lookups,
): Promise<LocatedKey | UsedAlias | undefined> {
  const { account } = call.principal
  if (use.on === 'account') return undefined
  if (use.on === 'alias') {
    const aliasName = use.aliasName(input)
    return { aliasName, arn: aliasArn(account, call.region, aliasName) }
  }
  const locator = use.locate(input)
  return locator && locateBy(locator, lookups, { account, region: call.region, time: call.time })
}

function locateBy(locator: KeyLocator, lookups: Lookups, here: { account: string; region: string; time: number }) {
  switch (locator.by) {
    case 'identifier':
      return locateKey(lookups, here, locator.identifier, locator.forms)
    case 'ciphertext':
      return locateKeyOfCiphertext(lookups, here, locator.blob, locator.identifier)
    case 'alias target':
      return locateKeyOfAlias(lookups, here, locator.aliasName)
  }
}

const NO_EVENTS: readonly EventRecord[] = []
const NO_TOKENS: readonly string[] = []

function conditionKeysOf(use: Use<unknown>, input: unknown): ConditionContext | undefined {
  return use.on === 'alias' ? undefined : use.conditionKeys?.(input)
}

function authorizeUse(
  use: Use<unknown>,
  input: unknown,
  call: Call,
  found: LocatedKey | UsedAlias | undefined,
  recipient: AttestedRecipient | undefined,
): void {
  const resource = authorizedResource(use, input, call, found)
  if (resource === undefined) return
  authorize({
    principal: call.principal,
    action: use.permission,
    resource,
    crossAccount: use.on === 'key' && use.crossAccount === true,
    grantable: use.on === 'key' && use.grantable === true,
    grantTokens: (input as { GrantTokens?: readonly string[] }).GrantTokens ?? NO_TOKENS,
    context: () => ({ ...conditionKeysOf(use, input), ...recipient?.conditions }),
  })
}

function authorizedResource(
  use: Use<unknown>,
  input: unknown,
  { principal }: Call,
  found: LocatedKey | UsedAlias | undefined,
): AuthorizedResource | undefined {
  switch (use.on) {
    case 'account':
      return use.applies?.(input) === false ? undefined : { kind: 'account', arn: '*', account: principal.account }
    case 'alias':
      return { kind: 'alias', arn: found!.arn, account: principal.account }
    case 'key': {
      if (found === undefined) return undefined
      const { arn, account, key, foundByCiphertext } = found as LocatedKey
      return { kind: 'key', arn, account, key, foundByCiphertext: foundByCiphertext ?? false }
    }
  }
}

/** After everything that could fail, the opening of a ciphertext included (operations.md 3.0, DryRun). */
function refuseDryRun(input: unknown): void {
  if ((input as { DryRun?: boolean }).DryRun !== true) return
  throw new KmsError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.')
}

/**
 * A bug is recorded as what the client will see of it. The text of a type error echoes what was sent, which may be a
 * ciphertext or a token, so the record has the code alone.
 */
function asKmsError(error: unknown): { code: string; text: string | undefined } {
  if (!(error instanceof KmsError)) return { code: 'KMSInternalException', text: undefined }
  return error.code === 'SerializationException' ? { code: error.code, text: undefined } : error
}
