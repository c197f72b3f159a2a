/**
 * What a caller's own policies say, kept as long as nothing in its account changes (authorization.md 2.4, 6.7). Rights are read
 * at the time of the request; only what a session froze (its policies and its tags) comes from the session.
 */
import { LRUCache } from 'lru-cache'
import { CACHED_RIGHTS_MAX } from '../../base/limits.ts'
import type { Tag } from '../keys/key.ts'
import { compilePolicy } from '../policy/compile-policy.ts'
import type { Principal, Session } from '../principal.ts'
import type { ChangeNotice, MaybePromise } from '../store.ts'
import { ADMINISTRATOR_ACCESS } from './administrator.ts'
import {
  type EntityPolicies,
  managedPolicyDocument,
  PolicyGone,
  readManagedPolicy,
  readRolePolicies,
  readUserPolicies,
} from './entity-policies.ts'
import type { IdentityReader } from './identity-store.ts'
import { type NamedPolicy, NO_POLICIES, type Rights } from './rights.ts'

export interface CallerRights {
  /** At once if they are at hand. `undefined`: the user or role is gone, and with it whatever it could do. */
  rightsOf(principal: Principal): MaybePromise<Rights | undefined>
  drop(notices: readonly ChangeNotice[]): void
  clear(): void
}

interface Known {
  readonly account: string
  /** `undefined`: there is no such user or role. */
  readonly rights: Rights | undefined
}

/** Of reading everything again because a policy went away meanwhile. */
const ATTEMPTS_MAX = 3

export function createCallerRights(reader: IdentityReader): CallerRights {
  /** By unique id; where a session adds policies or tags of its own, by its access key. */
  const known = new LRUCache<string, Known>({ max: CACHED_RIGHTS_MAX })
  /** Rises with every drop: what was read before one must not be kept after it. */
  let generation = 0

  async function load(ref: string, principal: Principal): Promise<Rights | undefined> {
    const before = generation
    const rights = await readRights(reader, principal)
    if (generation === before) known.set(ref, { account: principal.account, rights })
    return rights
  }

  return {
    rightsOf(principal) {
      // For a web identity only the role's policy speaks, for a service the key's or the role's.
      if (hasNoPolicies(principal)) return NO_POLICIES
      const ref = hasOwnRights(principal) ? principal.accessKeyId : principal.entityId
      const found = known.get(ref)
      return found === undefined ? load(ref, principal) : found.rights
    },
    drop(notices) {
      const accounts = new Set(notices.filter(({ kind }) => kind === 'identity').map(({ subject }) => subject))
      if (accounts.size === 0) return
      generation++
      for (const [ref, { account }] of known.entries()) if (accounts.has(account)) known.delete(ref)
    },
    clear() {
      generation++
      known.clear()
    },
  }
}

function hasNoPolicies({ type }: Principal): boolean {
  return type === 'Root' || type === 'WebIdentityUser' || type === 'AWSService'
}

/** Does the session add anything to what its user or role has? */
function hasOwnRights({ type, session }: Principal): boolean {
  if (session === undefined) return false
  return type === 'FederatedUser' || session.tags.length > 0 || hasPolicies(session)
}

function hasPolicies({ policyText, policyArns }: Session): boolean {
  return policyText !== undefined || policyArns.length > 0
}

/** @throws what reading throws: who cannot be looked up must not be let in with less than all that speaks against him. */
async function readRights(reader: IdentityReader, principal: Principal): Promise<Rights | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(reader, principal)
    } catch (error) {
      if (!(error instanceof PolicyGone) || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

async function readOnce(reader: IdentityReader, principal: Principal): Promise<Rights | undefined> {
  const entity = await readEntity(reader, principal)
  if (entity?.account !== principal.account) return undefined
  const { identityPolicies, boundary, tags } = entity
  const { session } = principal
  return Object.freeze({
    identityPolicies,
    boundary,
    sessionPolicies: session && (await readSessionPolicies(reader, principal, session)),
    tags: session === undefined ? tags : withSessionTags(tags, session.tags),
  })
}

async function readEntity(reader: IdentityReader, principal: Principal): Promise<EntityPolicies | undefined> {
  const { type, account, entityId } = principal
  switch (type) {
    case 'AWSService':
      return undefined
    case 'Root':
      return rootPolicies(reader, account)
    case 'IAMUser':
      return readUserPolicies(reader, entityId)
    case 'FederatedUser':
      return entityId === account ? rootPolicies(reader, account) : readUserPolicies(reader, entityId)
    case 'AssumedRole':
    case 'WebIdentityUser':
      return readRolePolicies(reader, entityId)
  }
}

/** Whom the root vouches for is not root: he is allowed what his session policies allow, and nothing without them (E-12). */
async function rootPolicies(reader: IdentityReader, account: string): Promise<EntityPolicies> {
  const all = await readManagedPolicy(reader, ADMINISTRATOR_ACCESS)
  return { account, identityPolicies: [all], boundary: undefined, tags: [] }
}

/** A managed policy that is gone may have denied something, so a session that was given it can do nothing any more. */
async function readSessionPolicies(
  reader: IdentityReader,
  { type }: Principal,
  session: Session,
): Promise<readonly NamedPolicy[] | undefined> {
  if (!hasPolicies(session)) return type === 'FederatedUser' ? [] : undefined
  const policies: NamedPolicy[] = []
  if (session.policyText !== undefined) policies.push({ name: 'Policy', policy: compilePolicy(session.policyText) })
  for (const arn of session.policyArns) {
    const document = await managedPolicyDocument(reader, arn)
    if (document === undefined) return []
    policies.push({ name: arn, policy: compilePolicy(document) })
  }
  return policies
}

/** Tags of the session win; keys differ in more than case. */
function withSessionTags(tags: readonly Tag[], ofSession: readonly Tag[]): readonly Tag[] {
  const replaced = new Set(ofSession.map(({ key }) => key.toLowerCase()))
  return [...tags.filter(({ key }) => !replaced.has(key.toLowerCase())), ...ofSession]
}
