/**
 * Empties old domain keys and destroys them (lifecycle.md ENV-31): secrets that rest under one that is older than a month are sealed
 * anew under the newest, and once nothing has been under it for a week it is destroyed. Longer than that no token lives that a client
 * keeps, and no node remembers one that it has read.
 *
 * A walk through all tokens takes as many looks as it needs, a bounded number of pages each. It is this node's alone: one that
 * takes the lease over begins anew, and finds less to do.
 */
import type { Clock } from '../base/clock.ts'
import {
  DOMAIN_KEY_RESEALED_AFTER_MS,
  DOMAIN_KEY_RETENTION_MS,
  DOMAIN_KEYS_LOOK_INTERVAL_MS,
  RESEAL_PAGES_PER_LOOK_MAX,
  RESEAL_TOKENS_PER_PAGE,
} from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { DomainKeys } from '../domain/keys/domain-keys.ts'
import { domainKeyOf, resealTokens } from '../domain/resealing/reseal-tokens.ts'
import { RESTING_TOKEN_KINDS, type RestingToken } from '../domain/resealing/resting-token.ts'
import type { Store, StoredDomainKey } from '../domain/store.ts'
import type { Job } from './job-runner.ts'

export interface RetireServices {
  readonly store: Store
  readonly domainKeys: DomainKeys
  readonly clock: Clock
  readonly log: Log
}

interface Walk {
  readonly pages: AsyncIterator<readonly RestingToken[]>
  /** Ids of domain keys that are to be emptied. */
  readonly retired: ReadonlySet<string>
  /** Those of them that something was found under. */
  readonly used: Set<string>
  failed: number
}

export function retireDomainKeys(services: RetireServices): Job {
  const { store, domainKeys, clock, log } = services
  let walk: Walk | undefined
  let lookedAt = Number.NEGATIVE_INFINITY

  async function begin(): Promise<Walk | undefined> {
    const now = clock.now()
    // A clock that is moved back must not stop it for long.
    if (Math.abs(now - lookedAt) < DOMAIN_KEYS_LOOK_INTERVAL_MS) return undefined
    lookedAt = now
    const retired = (await store.listDomainKeys()).filter((key) => isRetired(key, now))
    if (!retired.some((key) => isToBeLookedFor(key, now))) return undefined
    const ids = new Set(retired.map(({ id }) => id))
    return { pages: allTokens(store), retired: ids, used: new Set(), failed: 0 }
  }

  async function reseal(tokens: readonly RestingToken[], { retired, used }: Walk): Promise<number> {
    const old: RestingToken[] = []
    for (const resting of tokens) {
      const id = domainKeyOf(resting)
      if (id === undefined || !retired.has(id)) continue
      used.add(id)
      old.push(resting)
    }
    if (old.length === 0) return 0
    return (await resealTokens({ store, domainKeys }, old)).length
  }

  /** After a whole walk: what was found unused once, and still is after the retention, is used by nobody. */
  async function finish({ retired, used, failed }: Walk): Promise<void> {
    if (failed > 0)
      log.error({ tokens: failed }, 'secrets that do not open cannot be sealed anew; their domain keys stay')
    const now = clock.now()
    const destroyed = await store.change(async (change) => {
      const newest = await change.newestDomainKey()
      const present = (await change.listDomainKeys()).filter(({ id }) => retired.has(id) && id !== newest?.id)
      let destroyed = 0
      for (const { id, unusedSince } of present) {
        if (used.has(id)) await change.setDomainKeyUnused(id, undefined)
        else if (unusedSince === undefined) await change.setDomainKeyUnused(id, now)
        else if (now - unusedSince >= DOMAIN_KEY_RETENTION_MS) {
          await change.deleteDomainKey(id)
          destroyed++
        }
      }
      return destroyed
    })
    if (destroyed > 0)
      log.info({ domainKeys: destroyed }, 'domain keys that nothing was sealed under any more were destroyed')
  }

  return {
    name: 'retire domain keys',
    async run() {
      walk ??= await begin()
      if (walk === undefined) return
      try {
        for (let page = 0; page < RESEAL_PAGES_PER_LOOK_MAX; page++) {
          const { done, value } = await walk.pages.next()
          if (done) {
            await finish(walk)
            walk = undefined
            return
          }
          walk.failed += await reseal(value, walk)
        }
      } catch (error) {
        // A page that failed must not count as walked through.
        walk = undefined
        throw error
      }
    },
  }
}

/** Those that last for ever have no time. */
function isRetired({ createdAt }: StoredDomainKey, now: number): boolean {
  return createdAt > 0 && now - createdAt >= DOMAIN_KEY_RESEALED_AFTER_MS
}

function isToBeLookedFor({ unusedSince }: StoredDomainKey, now: number): boolean {
  return unusedSince === undefined || now - unusedSince >= DOMAIN_KEY_RETENTION_MS
}

async function* allTokens(store: Store): AsyncGenerator<readonly RestingToken[], undefined> {
  for (const kind of RESTING_TOKEN_KINDS) {
    for (let after: RestingToken | undefined; ; ) {
      const page = await store.restingTokens(kind, after, RESEAL_TOKENS_PER_PAGE)
      if (page.length > 0) yield page
      if (page.length < RESEAL_TOKENS_PER_PAGE) break
      after = page.at(-1)
    }
  }
  return undefined
}
