/** Which statements of a policy speak of an action (authorization.md M-1, M-4). */
import { COMPILED_POLICY_ACTIONS_MAX } from '../../base/limits.ts'
import { type BitSet, bitSetOf } from './bit-set.ts'
import { NO_VALUES } from './condition-context.ts'
import type { ListElement } from './policy-document.ts'
import { compileTemplate, type Template } from './policy-template.ts'

interface Actions {
  readonly isNegated: boolean
  readonly patterns: readonly Template[]
}

export class ActionIndex {
  /** `undefined` for a statement without actions: it has no effect (G-10). */
  readonly #statements: readonly (Actions | undefined)[]
  /** Actions that were asked for; operations declare theirs, so they are few. */
  readonly #known = new Map<string, BitSet>()

  constructor(elements: readonly (ListElement | undefined)[]) {
    this.#statements = elements.map((element) => element && compileActions(element))
  }

  /** @param action always in the same spelling: `kms:Decrypt`. */
  statementsOn(action: string): BitSet {
    const known = this.#known.get(action)
    if (known !== undefined) return known
    const found = this.#find(action.toLowerCase())
    if (this.#known.size < COMPILED_POLICY_ACTIONS_MAX) this.#known.set(action, found)
    return found
  }

  #find(action: string): BitSet {
    const indexes = this.#statements.keys().filter((index) => matches(this.#statements[index], action))
    return bitSetOf(indexes, this.#statements.length)
  }
}

function compileActions({ isNegated, texts }: ListElement): Actions {
  const options = { hasWildcards: true, hasVariables: false }
  return { isNegated, patterns: texts.map((text) => compileTemplate(text.toLowerCase(), options)) }
}

function matches(actions: Actions | undefined, action: string): boolean {
  if (actions === undefined) return false
  return actions.patterns.some((pattern) => pattern.matches(action, NO_VALUES)) !== actions.isNegated
}
