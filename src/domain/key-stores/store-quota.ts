/** Request quotas (KS-7): calls per second, of a custom key store or of somebody else's, counted by each node for itself. */
import { KmsError } from '../../base/errors.ts'
import { KEY_STORE_CALLS_PER_SECOND_MAX } from '../../base/limits.ts'

export interface StoreQuota {
  /** @throws {KmsError} `ThrottlingException` if the store has had all its calls of this second. */
  take(ref: string, callsMax?: number): void
}

/** @param monotonic milliseconds. */
export function createStoreQuota(monotonic: () => number = () => performance.now()): StoreQuota {
  /** Of the present second; as many entries as stores are used in it. */
  const taken = new Map<string, number>()
  let second = 0
  return {
    take(ref, callsMax = KEY_STORE_CALLS_PER_SECOND_MAX) {
      const now = Math.floor(monotonic() / 1000)
      if (now !== second) {
        taken.clear()
        second = now
      }
      const count = (taken.get(ref) ?? 0) + 1
      if (count > callsMax) throw rateExceeded()
      taken.set(ref, count)
    },
  }
}

/** operations.md 7.3. */
function rateExceeded(): KmsError {
  const text = 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.'
  return new KmsError('ThrottlingException', text)
}
