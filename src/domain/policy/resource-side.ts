/** What the policy of a resource says about a caller (authorization.md 1.2, 2.3). */
import type { Access } from './access.ts'
import type { BitSet } from './bit-set.ts'
import type { Policy, Statement } from './policy.ts'
import type { PrincipalForm } from './principal-form.ts'
import { isExempt } from './principal-index.ts'

/** Whoever is named in such a form needs nothing else in his own account. */
export function isDirect(form: PrincipalForm): boolean {
  return form !== 'ACCOUNT' && !isFiltered(form)
}

/** Boundary and session policy filter, an identity policy is not needed. */
export function isFiltered(form: PrincipalForm): boolean {
  return form === 'ROLE' || form === 'FEDERATED_USER_OF_USER'
}

/** An Allow for each way of being named that differs in effect. */
export interface Reach {
  readonly direct: Statement | undefined
  readonly filtered: Statement | undefined
  /** Delegation: it makes identity policies count (E-4). */
  readonly account: Statement | undefined
}

/** A Deny reaches every caller it names, in whatever form. */
export function resourceDeny(access: Access, policy: Policy): Statement | undefined {
  if (!policy.hasDenies) return undefined
  const { everyone, exempting } = policy.principals
  const toEveryone = everyone && access.firstApplying(policy, policy.denies, everyone, access.shared)
  if (toEveryone !== undefined) return toEveryone
  const entries = entriesFor(access, policy)
  for (const { text } of access.caller.names) {
    const statement = firstNaming(access, policy, policy.denies, entries.get(text))
    if (statement !== undefined) return statement
  }
  return exempting.length === 0 ? undefined : denyOfNotExempt(access, policy)
}

function denyOfNotExempt(access: Access, policy: Policy): Statement | undefined {
  const hasBoundary = access.request.rights.boundary !== undefined
  const acting = policy.actions.statementsOn(access.request.action)
  for (const exemption of policy.principals.exempting) {
    const statement = policy.statements[exemption.statement]!
    const isOnAction = (acting[exemption.statement >>> 5]! & (1 << (exemption.statement & 31))) !== 0
    if (!isOnAction || statement.effect === 'Allow' || isExempt(exemption, access.caller, hasBoundary)) continue
    if (access.applies(statement, access.shared)) return statement
  }
  return undefined
}

/** A delegation without conditions. */
export function delegationAtOnce(access: Access, policy: Policy): Statement | undefined {
  const entries = entriesFor(access, policy)
  for (const { text, form } of access.caller.names) {
    const among = form === 'ACCOUNT' ? entries.get(text) : undefined
    const statement = among && access.firstUnconditional(policy, policy.allows, among, access.shared)
    if (statement !== undefined) return statement
  }
  return undefined
}

/** @param isDirectEnough look no further once a direct Allow is found. */
export function resourceReach(access: Access, policy: Policy, isDirectEnough: boolean): Reach {
  const { caller } = access
  // `*` opens a role to principals of accounts; who comes with a token of a provider has to be named.
  const toEveryone = caller.namedBy === 'Federated' ? undefined : policy.principals.everyone
  let direct = anyNaming(access, policy, toEveryone)
  let filtered: Statement | undefined
  let account: Statement | undefined
  const entries = entriesFor(access, policy)
  for (const { text, form } of caller.names) {
    if (isDirectEnough && direct !== undefined) break
    const among = entries.get(text)
    if (among === undefined) continue
    if (form === 'ACCOUNT') account ??= anyNaming(access, policy, among)
    else if (isFiltered(form)) filtered ??= anyNaming(access, policy, among)
    else direct ??= anyNaming(access, policy, among)
  }
  return { direct, filtered, account }
}

function entriesFor({ caller }: Access, { principals }: Policy): ReadonlyMap<string, BitSet> {
  return principals.naming[caller.namedBy]
}

function anyNaming(access: Access, policy: Policy, among: BitSet | undefined): Statement | undefined {
  return among && access.anyApplying(policy, policy.allows, among, access.shared)
}

function firstNaming(access: Access, policy: Policy, effect: BitSet, among: BitSet | undefined): Statement | undefined {
  return among && access.firstApplying(policy, effect, among, access.shared)
}
