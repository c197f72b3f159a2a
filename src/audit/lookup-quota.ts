/** How often an account may look up events in a Region (audit.md section 6); each node counts for itself. */
import { KmsError } from '../base/errors.ts'
import { COUNTED_LOOKUPS_MAX, LOOKUPS_PER_SECOND_MAX } from '../base/limits.ts'

export interface LookupQuotaOptions {
  /** AWS's if not given. */
  readonly lookupsPerSecondMax?: number
}

export interface LookupQuota {
  /** @throws {KmsError} `ThrottlingException` */
  take(account: string, region: string): void
}

/** What is left of a second's calls, at a time on the monotonic clock. */
interface Bucket {
  readonly left: number
  readonly at: number
}

export function createLookupQuota({ lookupsPerSecondMax = LOOKUPS_PER_SECOND_MAX }: LookupQuotaOptions): LookupQuota {
  const buckets = new Map<string, Bucket>()
  return {
    take(account, region) {
      const name = `${account} ${region}`
      const now = performance.now()
      const { left, at } = buckets.get(name) ?? { left: lookupsPerSecondMax, at: now }
      const filled = Math.min(lookupsPerSecondMax, left + ((now - at) / 1000) * lookupsPerSecondMax)
      if (filled < 1) throw new KmsError('ThrottlingException', 'Rate exceeded')
      buckets.delete(name)
      buckets.set(name, { left: filled - 1, at: now })
      // The one that called longest ago has got all of its calls back.
      if (buckets.size > COUNTED_LOOKUPS_MAX) buckets.delete(buckets.keys().next().value!)
    },
  }
}
