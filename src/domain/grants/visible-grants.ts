/**
 * The grants that a call may rest on: those that this node sees, and those whose tokens the call presents, which are always
 * looked up in the store, so that a node that has not heard of a grant yet knows it, and of one that is gone nothing is
 * left (authorization.md GT-3, GT-5).
 */
import { type KeyName, keyRef } from '../keys/key.ts'
import type { Principal } from '../principal.ts'
import type { Lookups, MaybePromise } from '../store.ts'
import { granteeRefs } from './applicable-grants.ts'
import type { Grant, GrantName } from './grant.ts'
import type { GrantServices } from './grant-services.ts'
import type { GrantTokens } from './grant-tokens.ts'

/** What a call brings along that says which grants it sees. */
export interface GrantView {
  /** Grants whose tokens it presents, whatever key they are for. */
  readonly presented: readonly GrantName[]
  /** Milliseconds since the epoch. */
  readonly time: number
}

const NOTHING: readonly GrantName[] = []

/**
 * The member GrantTokens of a request, whether or not a grant is needed.
 * @throws {KmsError} `InvalidGrantTokenException` for a token that is not ours (GT-4).
 */
export function readGrantTokens(
  tokens: GrantTokens,
  presented: readonly string[] | undefined,
): MaybePromise<readonly GrantName[]> {
  if (presented === undefined || presented.length === 0) return NOTHING
  return Promise.all(presented.map((token) => tokens.read(token)))
}

/** Grants of the key that have the caller as their grantee. */
export function visibleGrants(
  lookups: Pick<Lookups, 'findGrants' | 'findGrant'>,
  key: KeyName,
  principal: Principal,
  view: GrantView,
  { propagationDelayMs }: Pick<GrantServices, 'propagationDelayMs'>,
): MaybePromise<readonly Grant[]> {
  const found = lookups.findGrants(key, granteeRefs(principal))
  if (view.presented.length > 0) return withPresented(lookups, key, view, propagationDelayMs, found)
  return found instanceof Promise
    ? found.then((grants) => propagated(grants, view, propagationDelayMs))
    : propagated(found, view, propagationDelayMs)
}

async function withPresented(
  lookups: Pick<Lookups, 'findGrant'>,
  key: KeyName,
  view: GrantView,
  delayMs: number,
  found: MaybePromise<readonly Grant[]>,
): Promise<readonly Grant[]> {
  const ref = keyRef(key)
  const ids = new Set(view.presented.filter((name) => keyRef(name) === ref).map(({ grantId }) => grantId))
  const seen = propagated(await found, view, delayMs).filter(({ grantId }) => !ids.has(grantId))
  const shown = await Promise.all([...ids].map((grantId) => lookups.findGrant({ ...nameOf(key), grantId })))
  return [...seen, ...shown.filter((grant) => grant !== undefined)]
}

function nameOf({ account, region, keyId }: KeyName): KeyName {
  return { account, region, keyId }
}

/** Without a delay, which is for development, a grant is seen as soon as it is there. */
function propagated(grants: readonly Grant[], { time }: GrantView, delayMs: number): readonly Grant[] {
  if (delayMs === 0) return grants
  return grants.filter(({ createdAt }) => createdAt + delayMs <= time)
}
