/** Which statements of a resource's policy speak of a caller (authorization.md 1.2). */
import { type BitSet, bitSetOf } from './bit-set.ts'
import type { CallerNames, PrincipalElementType } from './caller-names.ts'
import type { PrincipalElement } from './policy-document.ts'

export interface PrincipalIndex {
  /** Statements that name everyone; `undefined`: none does. */
  readonly everyone: BitSet | undefined
  /** `AWS`: by ARN, account or unique id. `Service`: by name. `Federated`: by provider of web identities. */
  readonly naming: Readonly<Record<PrincipalElementType, ReadonlyMap<string, BitSet>>>
  /** Statements with `NotPrincipal`. */
  readonly exempting: readonly Exemption[]
}

export interface Exemption {
  readonly statement: number
  readonly names: ReadonlySet<string>
}

/** @param elements of a policy without principals all are `undefined`. */
export function indexPrincipals(elements: readonly (PrincipalElement | undefined)[]): PrincipalIndex {
  const naming = {
    AWS: new Map<string, number[]>(),
    Service: new Map<string, number[]>(),
    Federated: new Map<string, number[]>(),
  }
  const exempting: Exemption[] = []
  for (const [statement, element] of elements.entries()) {
    if (element === undefined) continue
    if (element.isNegated) {
      exempting.push({ statement, names: new Set(element.entries.map(({ text }) => anyPartition(text))) })
      continue
    }
    for (const { type, text } of element.entries) {
      if (type in naming) add(naming[type as PrincipalElementType], anyPartition(text), statement)
    }
  }
  const size = elements.length
  const AWS = asSets(naming.AWS, size)
  const sets = { AWS, Service: asSets(naming.Service, size), Federated: asSets(naming.Federated, size) }
  return { everyone: AWS.get('*'), naming: sets, exempting }
}

/** A server has one set of accounts for the Regions of all partitions, and names its callers in the first of them. */
function anyPartition(text: string): string {
  return text.replace(/^arn:aws-(?:cn|us-gov):/, 'arn:aws:')
}

function add(index: Map<string, number[]>, text: string, statement: number): void {
  const statements = index.get(text)
  if (statements === undefined) index.set(text, [statement])
  else statements.push(statement)
}

function asSets(index: ReadonlyMap<string, readonly number[]>, size: number): ReadonlyMap<string, BitSet> {
  return new Map(Array.from(index, ([text, statements]) => [text, bitSetOf(statements, size)]))
}

/** P-10; who has a permissions boundary is never exempt (P-13). */
export function isExempt({ names }: Exemption, caller: CallerNames, hasBoundary: boolean): boolean {
  if (hasBoundary) return false
  if (names.has('*')) return true
  return caller.levels.every((texts) => texts.some((text) => names.has(text)))
}
