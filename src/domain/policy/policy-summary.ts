/** A key policy in brief, for a person: whom its statements name, and for what. It decides nothing. */
import { openStatements } from './open-statements.ts'

export interface StatementSummary {
  readonly effect: 'Allow' | 'Deny'
  /** As the policy names them; `*` is everybody. */
  readonly principals: readonly string[]
  /** The statement is about everybody but the principals. */
  readonly exceptPrincipals: boolean
  /** `kms:*` */
  readonly actions: readonly string[]
  /** The statement is about everything but the actions. */
  readonly exceptActions: boolean
  readonly hasConditions: boolean
  /** It opens the key to everybody, of whatever account (authorization.md S-6). */
  readonly isOpen: boolean
}

type OneOrMore<T> = T | readonly T[]
type Principals = '*' | Readonly<Record<string, OneOrMore<string>>>

/** What is read of a statement; a policy in the store is well formed (authorization.md 1.1). */
interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal?: Principals
  readonly NotPrincipal?: Principals
  readonly Action?: OneOrMore<string>
  readonly NotAction?: OneOrMore<string>
  readonly Condition?: object
}

/** @param policy as the store has it. */
export function summarisePolicy(policy: string): readonly StatementSummary[] {
  const { Statement } = JSON.parse(policy) as { Statement: OneOrMore<Statement> }
  const open = openStatements(policy)
  return listOf(Statement).map((statement, index) => ({
    effect: statement.Effect,
    principals: principalsOf(statement.Principal ?? statement.NotPrincipal),
    exceptPrincipals: statement.NotPrincipal !== undefined,
    actions: listOf(statement.Action ?? statement.NotAction),
    exceptActions: statement.NotAction !== undefined,
    hasConditions: statement.Condition !== undefined && Object.keys(statement.Condition).length > 0,
    isOpen: open.includes(index),
  }))
}

function principalsOf(principals: Principals | undefined): readonly string[] {
  if (principals === undefined) return []
  return typeof principals === 'string' ? [principals] : Object.values(principals).flatMap(listOf)
}

function listOf<T>(value: OneOrMore<T> | undefined): readonly T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value as T]
}
