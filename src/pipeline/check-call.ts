/**
 * Steps 4 to 6 of the order of checks (authorization.md section 0): resolve every resource, authorise every use, and only then
 * look at anything that could tell about a key.
 */
import type { AuditFields } from '../audit/audit-record.ts'
import { unrecognizedClient } from '../base/errors.ts'
import type { AttestedRecipient } from '../domain/attestation.ts'
import { readGrantTokens } from '../domain/grants/visible-grants.ts'
import type { Lookups, Reader } from '../domain/store.ts'
import type { Asked, Refusal } from './asked.ts'
import { authorizeUses } from './authorize-uses.ts'
import type { Call } from './call.ts'
import type { IdentifiedCaller, Operation } from './operation.ts'
import type { PipelineServices } from './pipeline-services.ts'
import { refusalFields } from './refusal-fields.ts'
import { requestRows } from './request-rows.ts'
import { checkUses, type LocatedUses, locateUses } from './uses.ts'

/** A call on its way; what was found stays in it, also when the check fails, for the audit record. */
export interface CallToCheck {
  readonly call: Call
  readonly input: unknown
  readonly recipient?: AttestedRecipient
  readonly caller?: IdentifiedCaller
  located: LocatedUses
  /** Its quotas know of it: checks of a change are made twice. */
  isCounted?: boolean
  /** What policies were last asked. */
  asked?: Asked
  /** They allowed all of it; what fails after that is known to the owners of the keys too (audit.md AU-5). */
  isAuthorized?: boolean
  readonly additionalEventData: Record<string, unknown>
}

type Services = Pick<PipelineServices, 'identity' | 'grants' | 'keyUsage' | 'quotas' | 'random' | 'denials' | 'log'>

export function createCallCheck({ identity, grants, keyUsage, quotas, random, denials, log }: Services) {
  /** the caller is told little, the log all. What cannot be judged is refused; operators must hear of it (section 7.7). */
  function logRefusal({ decision, resourceArn }: Refusal, fields: AuditFields, { principal, requestId }: Call): void {
    log.debug?.({ caller: principal.arn, requestId, ...fields }, 'a request was refused')
    if (decision.reason !== 'missing allow' || decision.failure === undefined) return
    log.error({ err: decision.failure, resource: resourceArn }, 'a request could not be judged and was refused')
  }

  /** Before anything is authorised: what is refused costs as much. Of another account's keys too it is the caller's that counts. */
  function count(operation: Operation, { input, call }: CallToCheck, located: LocatedUses): void {
    for (const row of requestRows(operation, input, located)) {
      quotas.takeRequest!(call.principal.account, call.region, row)
    }
  }

  return async function check(
    operation: Operation,
    checked: CallToCheck,
    lookups: Lookups,
    reader: Reader,
  ): Promise<void> {
    const { uses, service = 'kms' } = operation
    const { input, call, recipient, caller } = checked
    // At hand as a rule, all of it: a check without waits is one step (see `runReading`).
    const found = identity.rightsOf(call.principal)
    const rights = found instanceof Promise ? await found : found
    // A user or role that is gone answers like an access key that never was (authorization.md 6.7).
    if (rights === undefined) throw unrecognizedClient()
    const { GrantTokens } = input as { GrantTokens?: readonly string[] }
    const tokens = readGrantTokens(grants.tokens, GrantTokens)
    const presentedGrants = tokens instanceof Promise ? await tokens : tokens
    const of = { uses, input, call, recipient, presentedGrants, callerConditions: caller?.conditions }
    const locating = locateUses(of, { lookups, store: reader, tokens: grants.tokens, random })
    const located = locating instanceof Promise ? await locating : locating
    checked.located = located
    if (quotas.takeRequest !== undefined && service === 'kms' && checked.isCounted !== true) {
      count(operation, checked, located)
      checked.isCounted = true
    }
    const asked = {
      of,
      located,
      rights,
      lookups,
      reader,
      grants,
      keyUsage,
      denials,
      onRefusal(refusal: Refusal) {
        const fields = refusalFields(refusal)
        checked.additionalEventData.authorization = fields
        logRefusal(refusal, fields, call)
      },
    }
    checked.asked = asked
    const authorizing = authorizeUses(asked)
    if (authorizing !== undefined) await authorizing
    checked.isAuthorized = true
    checkUses(of, located)
  }
}
