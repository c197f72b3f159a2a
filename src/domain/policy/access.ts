/** One request under evaluation: what it says, made ready for comparison with policies when a policy first asks. */
import { partitionOf } from '../../base/arn.ts'
import type { AccessRequest } from './access-request.ts'
import { arnParts } from './arn-pattern.ts'
import { type BitSet, lowestBit } from './bit-set.ts'
import { type CallerNames, callerNames } from './caller-names.ts'
import { conditionsHold } from './condition.ts'
import { type ConditionContext, LazyContext } from './condition-context.ts'
import type { Policy, Statement } from './policy.ts'
import { resourceMatches } from './resource-matcher.ts'

export class Access {
  readonly request: AccessRequest
  readonly caller: CallerNames
  /** What the resource's own policy sees. */
  readonly shared: ConditionContext
  /** What the other policies see: more (authorization.md 3.1). */
  readonly identity: ConditionContext
  readonly #resourceParts: () => readonly string[]

  constructor(request: AccessRequest) {
    this.request = request
    this.caller = callerNames(request.principal)
    this.shared = new LazyContext(() => request.conditions())
    this.identity = new LazyContext(() => request.identityConditions(), this.shared)
    let parts: readonly string[] | undefined
    this.#resourceParts = () => {
      parts ??= resourceParts(request)
      return parts
    }
  }

  /** The first statement among those of both sets that applies to the request in everything but its principal. */
  firstApplying(policy: Policy, effect: BitSet, among: BitSet, context: ConditionContext): Statement | undefined {
    return this.#first(policy, effect, among, context, 'with or without conditions')
  }

  /** Only of statements without conditions. They need no values of condition keys, which cost more than all the rest. */
  firstUnconditional(policy: Policy, effect: BitSet, among: BitSet, context: ConditionContext): Statement | undefined {
    return this.#first(policy, effect, among, context, 'without conditions')
  }

  /** Any statement that applies, for where one is as good as another: one without conditions if there is one. */
  anyApplying(policy: Policy, effect: BitSet, among: BitSet, context: ConditionContext): Statement | undefined {
    return (
      this.#first(policy, effect, among, context, 'without conditions') ??
      this.#first(policy, effect, among, context, 'with or without conditions')
    )
  }

  #first(
    policy: Policy,
    effect: BitSet,
    among: BitSet,
    context: ConditionContext,
    which: 'without conditions' | 'with or without conditions',
  ): Statement | undefined {
    const acting = policy.actions.statementsOn(this.request.action)
    for (let word = 0; word < acting.length; word++) {
      let bits = acting[word]! & effect[word]! & among[word]!
      for (; bits !== 0; bits &= bits - 1) {
        const statement = policy.statements[word * 32 + lowestBit(bits)]!
        if (which === 'without conditions' && statement.conditions.length > 0) continue
        if (this.applies(statement, context)) return statement
      }
    }
    return undefined
  }

  applies({ resources, conditions, effect }: Statement, context: ConditionContext): boolean {
    const isMeant =
      // Trust policies have no resources; in any other policy a statement without one has no effect (G-10).
      resources === undefined
        ? this.request.resource.kind === 'role'
        : resourceMatches(resources, this.#resourceParts, context)
    return isMeant && conditionsHold(conditions, context, effect)
  }
}

/** operations on no resource in particular are on all that the account has. */
function resourceParts({ resource, action, region }: AccessRequest): readonly string[] {
  if (resource.arn === '*') {
    const service = action.slice(0, action.indexOf(':'))
    // Identities belong to no Region, and to one partition.
    const isRegional = service === 'kms' || service === 'cloudtrail'
    const place = isRegional ? [partitionOf(region), service, region] : ['aws', service, '']
    return ['arn', ...place, resource.account, '*']
  }
  const parts = arnParts(resource.arn)
  if (parts === undefined) throw new Error(`${resource.arn} is no ARN`)
  return parts
}
