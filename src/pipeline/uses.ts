/**
 * What a call uses, step by step (authorization.md section 0, steps 4 to 6): every resource is resolved before the first use is
 * authorised, and every use is authorised before the first thing is said about a key.
 */
import { notFound } from '../base/errors.ts'
import type { AttestedRecipient } from '../domain/attestation.ts'
import type { GrantName } from '../domain/grants/grant.ts'
import type { Key } from '../domain/keys/key.ts'
import type { ConditionValues } from '../domain/policy/condition-values.ts'
import type { MaybePromise } from '../domain/store.ts'
import type { Call } from './call.ts'
import { checkKeyRules } from './key-rules.ts'
import { type Located, locate, type Sources } from './locate.ts'
import type { Use } from './operation.ts'

/** One for each use, in order. */
export type LocatedUses = readonly Located[]

export interface UsesOfCall {
  readonly uses: readonly Use<unknown>[]
  readonly input: unknown
  readonly call: Call
  readonly recipient: AttestedRecipient | undefined
  /** Of the grant tokens that came with the call. */
  readonly presentedGrants: readonly GrantName[]
  /** What is known of a caller who did not sign. */
  readonly callerConditions: ConditionValues | undefined
}

/** Step 4. At once where everything is at hand. @throws {KmsError} for names that mean nothing, whoever asks. */
export function locateUses(of: UsesOfCall, sources: Sources): MaybePromise<LocatedUses> {
  return locateFrom(of, sources, [])
}

/** One after the other: the first name that means nothing is the one that is told. */
function locateFrom(of: UsesOfCall, sources: Sources, located: Located[]): MaybePromise<LocatedUses> {
  const { uses, input, call } = of
  while (located.length < uses.length) {
    const found = locate(uses[located.length]!, input, call, sources)
    if (found instanceof Promise) return found.then((found) => locateFrom(of, sources, [...located, found]))
    located.push(found)
  }
  return located
}

/** Step 6. @throws {KmsError} what a caller who may know is told. */
export function checkUses({ uses, input, call }: UsesOfCall, located: LocatedUses): void {
  for (const found of located)
    if (found !== undefined && 'missing' in found && found.missing) throw notFound(found.missing)
  for (let index = 0; index < uses.length; index++) {
    const use = uses[index]!
    const found = located[index]
    if (use.on === 'key' && found !== undefined && 'key' in found) checkKeyRules(use, found.key!, input, call.time)
  }
}

/** Of each use; `undefined` where it has none, or none that exists. */
export function keysOf(located: LocatedUses): readonly (Key | undefined)[] {
  return located.map((found) => (found !== undefined && 'key' in found ? found.key : undefined))
}
