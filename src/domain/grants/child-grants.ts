/**
 * Grants made under a grant (authorization.md 4.7). A parent counts for a CreateGrant only if it covers the whole child by
 * itself (GP-5): any other is as if it did not exist, which is also how AWS denies (GP-6). Policies set no such limit
 * (GP-1, GP-4), so the rule is one on the grants that are looked at, not on the call.
 */
import type { Grant, GrantConstraints, GrantOperation } from './grant.ts'
import { isAsStrict } from './grant-constraints.ts'

export interface ChildGrant {
  readonly operations: readonly GrantOperation[]
  readonly constraints: GrantConstraints | undefined
}

/** GP-2, GP-3. */
export function covers(parent: Grant, child: ChildGrant): boolean {
  return (
    child.operations.every((operation) => parent.operations.includes(operation)) &&
    isAsStrict(child.constraints, parent.constraints)
  )
}
