/** Requests of each second, counted by each process for itself (operations.md 7.2, keystores.md KS-7). */
import { KmsError } from '../base/errors.ts'

export interface RateCounter {
  /** @throws {KmsError} `ThrottlingException` if what `name` stands for has had its `most` of this second. */
  take(name: string, most: number): void
}

/** @param monotonic milliseconds. */
export function createRateCounter(monotonic: () => number = () => performance.now()): RateCounter {
  /** Of the present second; as many entries as there are names in it. */
  const taken = new Map<string, number>()
  let second = 0
  return {
    take(name, most) {
      const now = Math.floor(monotonic() / 1000)
      if (now !== second) {
        taken.clear()
        second = now
      }
      const count = (taken.get(name) ?? 0) + 1
      if (count > most) throw rateExceeded()
      taken.set(name, count)
    },
  }
}

/** operations.md 7.3. */
function rateExceeded(): KmsError {
  const text = 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.'
  return new KmsError('ThrottlingException', text)
}
