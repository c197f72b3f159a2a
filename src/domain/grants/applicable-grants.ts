/** Which grants speak for a request (authorization.md 4.5). Pure: the caller has looked up what it needs. */

import { formsOf, type PrincipalRef } from '../identity/principal-ref.ts'
import type { ApplicableGrant } from '../policy/access-request.ts'
import { arnMatches } from '../policy/arn-pattern.ts'
import type { Principal } from '../principal.ts'
import type { EncryptionContext, Grant, GrantConstraints } from './grant.ts'

/** What constraints are compared with. */
export interface GrantFacts {
  /** Of this use of the key. */
  readonly encryptionContext?: EncryptionContext | undefined
  /** `aws:SourceArn`: of calls that a service makes on its own behalf. */
  readonly sourceArn?: string | undefined
}

const refs = new WeakMap<Principal, readonly PrincipalRef[]>()

/** The references under which a grant can have this caller as its grantee, for `Lookups.findGrants`. */
export function granteeRefs(principal: Principal): readonly PrincipalRef[] {
  let known = refs.get(principal)
  if (known === undefined) {
    known = [...formsOf(principal).keys()]
    refs.set(principal, known)
  }
  return known
}

/**
 * @param grants grants of the key that is asked for.
 * @param action `kms:Decrypt`
 */
export function applicableGrants(
  grants: readonly Grant[],
  principal: Principal,
  action: string,
  facts: GrantFacts,
): readonly ApplicableGrant[] {
  if (grants.length === 0) return NONE
  const operation = action.slice('kms:'.length)
  const forms = formsOf(principal)
  const applicable: ApplicableGrant[] = []
  for (const grant of grants) {
    const form = forms.get(grant.grantee)
    if (form === undefined || !(grant.operations as readonly string[]).includes(operation)) continue
    if (!constraintsHold(grant, operation, facts)) continue
    applicable.push({ grantId: grant.grantId, form, issuingAccount: grant.issuingAccount })
  }
  return applicable
}

const NONE: readonly ApplicableGrant[] = []

/** Operations without an encryption context: its constraints say nothing about them (GC-5, GP-2). */
const WITHOUT_CONTEXT: ReadonlySet<string> = new Set(['CreateGrant', 'DescribeKey', 'RetireGrant'])

function constraintsHold({ constraints }: Grant, operation: string, facts: GrantFacts): boolean {
  if (constraints === undefined) return true
  if (!isFromSource(constraints, facts)) return false
  if (WITHOUT_CONTEXT.has(operation)) return true
  const { encryptionContextEquals, encryptionContextSubset } = constraints
  const context = facts.encryptionContext ?? {}
  if (encryptionContextEquals !== undefined) return isSamePairs(encryptionContextEquals, context)
  return encryptionContextSubset === undefined || hasPairs(context, encryptionContextSubset)
}

/** GC-6: calls that users make have no source, so they never match. */
function isFromSource({ sourceArn }: GrantConstraints, facts: GrantFacts): boolean {
  if (sourceArn === undefined) return true
  return facts.sourceArn !== undefined && arnMatches(sourceArn, facts.sourceArn)
}

/** Keys and values compare exactly, so that a grant never allows more than on AWS (GC-4). */
export function hasPairs(context: EncryptionContext, pairs: EncryptionContext): boolean {
  return Object.keys(pairs).every((name) => Object.hasOwn(context, name) && context[name] === pairs[name])
}

export function isSamePairs(left: EncryptionContext, right: EncryptionContext): boolean {
  return Object.keys(left).length === Object.keys(right).length && hasPairs(left, right)
}
