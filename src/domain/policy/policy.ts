/** A policy in compiled form: what evaluation looks at (authorization.md section 7). Made by `compilePolicy`, never changed. */

import type { ActionIndex } from './action-index.ts'
import type { BitSet } from './bit-set.ts'
import type { Condition, Effect } from './condition.ts'
import type { DecisiveStatement } from './decision.ts'
import type { PrincipalIndex } from './principal-index.ts'
import type { ResourceMatcher } from './resource-matcher.ts'

export interface Policy {
  /** What it was made of; for explanations. */
  readonly text: string
  /** Lower-case names of the condition keys that any statement names, those inside variables included. */
  readonly conditionKeys: ReadonlySet<string>
  readonly statements: readonly Statement[]
  /** Members of all sets are indexes of `statements`. */
  readonly denies: BitSet
  readonly allows: BitSet
  readonly hasDenies: boolean
  readonly actions: ActionIndex
  readonly principals: PrincipalIndex
}

export interface Statement {
  readonly effect: Effect
  /** `undefined`: the statement has neither `Resource` nor `NotResource`. */
  readonly resources: ResourceMatcher | undefined
  readonly conditions: readonly Condition[]
  /** How an explanation names it. */
  readonly index: number
  readonly sid: string | undefined
  /** The explanation where it decides alone, as part of a resource's policy. */
  readonly alone: readonly [DecisiveStatement]
}
