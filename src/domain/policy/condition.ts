/** Conditions of statements in compiled form (authorization.md 1.5). */
import { AmbiguousValue, type ConditionContext } from './condition-context.ts'
import { type Comparands, conditionOperator } from './condition-operators.ts'

export type Effect = 'Allow' | 'Deny'

/** As the policy says it. */
export type ConditionElement = readonly {
  readonly operator: string
  readonly key: string
  readonly values: readonly string[]
}[]

/** One operator with one key, compiled. */
export interface Condition {
  /** In lower case. */
  readonly key: string
  readonly isNull: boolean
  readonly isNegated: boolean
  readonly set: 'ForAllValues' | 'ForAnyValue' | undefined
  /** Whether it holds when the request does not have the key (C-1 to C-4). */
  readonly ifAbsent: boolean
  readonly comparands: Comparands
  readonly comparandsCount: number
}

/** @param element was checked when the policy was read. */
export function compileConditions(element: ConditionElement, hasVariables: boolean): readonly Condition[] {
  return element.map(({ operator: name, key, values }) => {
    const operator = conditionOperator(name)
    if (operator === undefined) throw new Error(`unknown condition operator ${name}`)
    const { isNull, set, ifExists, isNegated = false } = operator
    const whenAbsent = set === undefined ? isNegated : set === 'ForAllValues'
    return {
      key: key.toLowerCase(),
      isNull,
      isNegated,
      set,
      ifAbsent: ifExists || whenAbsent,
      comparands: operator.compile(values, hasVariables && operator.hasVariables),
      comparandsCount: values.length,
    }
  })
}

/** All of them? */
export function conditionsHold(conditions: readonly Condition[], context: ConditionContext, effect: Effect): boolean {
  for (const condition of conditions) if (!conditionHolds(condition, context, effect)) return false
  return true
}

function conditionHolds(condition: Condition, context: ConditionContext, effect: Effect): boolean {
  const value = context.valueOf(condition.key)
  if (condition.isNull) return condition.comparands.match(value === undefined ? 'true' : 'false', context) === true
  if (value === undefined) return condition.ifAbsent
  if (typeof value === 'string') return satisfies(condition, value, context, effect)
  if (!(value instanceof AmbiguousValue)) return listHolds(condition, value, context, effect)
  // C-9: whichever is meant, an Allow must not open and a Deny must not miss.
  if (effect === 'Allow') return false
  return value.values.some((one) => listHolds(condition, typeof one === 'string' ? [one] : one, context, effect))
}

function listHolds(
  condition: Condition,
  values: readonly string[],
  context: ConditionContext,
  effect: Effect,
): boolean {
  const { set } = condition
  // C-6: without a set operator a key that can have several values is no match for Allow, were it one value alone (as
  // recorded of AWS); one of them is enough for Deny.
  if (set === undefined && effect === 'Allow') return false
  const one = (value: string) => satisfies(condition, value, context, effect)
  return set === 'ForAllValues' ? values.every(one) : values.some(one)
}

function satisfies(condition: Condition, value: string, context: ConditionContext, effect: Effect): boolean {
  const { comparands, comparandsCount, isNegated } = condition
  context.spend(value.length + comparandsCount)
  const match = comparands.match(value, context)
  if (typeof match === 'boolean') return match !== isNegated
  return match === 'malformed' && effect === 'Deny'
}
