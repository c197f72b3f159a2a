/** The condition values of one request, by names without regard to case (authorization.md C-8). */
import { POLICY_COMPARISONS_MAX } from '../../base/limits.ts'
import type { ConditionValues } from './condition-values.ts'

/** Two names of a request that differ only in case: which one a condition means is not known (C-9). */
export class AmbiguousValue {
  readonly values: readonly (string | readonly string[])[]

  constructor(values: readonly (string | readonly string[])[]) {
    this.values = values
  }
}

/** A list has members: a key without any is absent. */
export type ContextValue = string | readonly string[] | AmbiguousValue

/** Values by name in lower case; `undefined`: the request does not have the key. */
export interface ConditionContext {
  valueOf(key: string): ContextValue | undefined
  /**
   * Told of comparisons that are about to be made. Values may be as long as a request, and each statement of a policy may ask about
   * them: together they must not keep the process from everybody else's requests.
   * @throws {Error} where they have become too many: then the request cannot be judged (authorization.md section 7.7).
   */
  spend(comparisons: number): void
}

/** For texts of policies alone, whose lengths are bounded. */
export const NO_VALUES: ConditionContext = { valueOf: () => undefined, spend() {} }

/** Asks for the values when a condition first needs one, and never twice. */
export class LazyContext implements ConditionContext {
  readonly #load: () => ConditionValues
  readonly #beneath: ConditionContext | undefined
  #values: ReadonlyMap<string, ContextValue> | undefined
  #comparisonsLeft = POLICY_COMPARISONS_MAX

  /** @param beneath asked for what `load` does not have. */
  constructor(load: () => ConditionValues, beneath?: ConditionContext) {
    this.#load = load
    this.#beneath = beneath
  }

  valueOf(key: string): ContextValue | undefined {
    this.#values ??= byLowerCaseName(this.#load())
    return this.#values.get(key) ?? this.#beneath?.valueOf(key)
  }

  spend(comparisons: number): void {
    if (this.#beneath !== undefined) this.#beneath.spend(comparisons)
    else this.#comparisonsLeft -= comparisons
    if (this.#comparisonsLeft < 0) throw new Error('the policies compare too much with the values of the request')
  }
}

function byLowerCaseName(values: ConditionValues): ReadonlyMap<string, ContextValue> {
  const byName = new Map<string, ContextValue>()
  for (const name in values) {
    const value = values[name]
    if (value === undefined || (typeof value !== 'string' && value.length === 0)) continue
    const key = lowerCase(name)
    const other = byName.get(key)
    byName.set(key, other === undefined ? value : ambiguous(other, value))
  }
  return byName
}

const LOWER_CASE_NAMES_MAX = 200

/** Nearly all names are AWS's own, the same in every request. */
const lowerCaseNames = new Map<string, string>()

function lowerCase(name: string): string {
  const known = lowerCaseNames.get(name)
  if (known !== undefined) return known
  const key = name.toLowerCase()
  if (lowerCaseNames.size < LOWER_CASE_NAMES_MAX) lowerCaseNames.set(name, key)
  return key
}

function ambiguous(other: ContextValue, value: string | readonly string[]): AmbiguousValue {
  return new AmbiguousValue(other instanceof AmbiguousValue ? [...other.values, value] : [other, value])
}
