/**
 * Wrapping key pairs made ahead, since an RSA_4096 pair takes a second (lifecycle.md IMP-91): one waits for each wrapping key
 * spec that has been asked for before. A pair is given to one caller only, and is worth nothing until it is.
 */
import {
  generateWrappingKeyPair,
  type WrappingKeyPair,
  type WrappingKeySpec,
} from '../../crypto/import/wrapping-algorithms.ts'

export interface WrappingKeyPool {
  /** The caller wipes the private half. @throws {KmsError} `ThrottlingException` when too many jobs wait. */
  take(wrappingKeySpec: WrappingKeySpec): Promise<WrappingKeyPair>
}

export function createWrappingKeyPool(generate = generateWrappingKeyPair): WrappingKeyPool {
  const ahead = new Map<WrappingKeySpec, Promise<WrappingKeyPair>>()

  function prepare(wrappingKeySpec: WrappingKeySpec): void {
    const pair = generate(wrappingKeySpec)
    ahead.set(wrappingKeySpec, pair)
    // Making ahead what nobody waits for may fail; the next caller has his own made.
    pair.catch(() => {
      if (ahead.get(wrappingKeySpec) === pair) ahead.delete(wrappingKeySpec)
    })
  }

  return {
    async take(wrappingKeySpec) {
      const ready = ahead.get(wrappingKeySpec)
      // Before anything is awaited, so that no second caller finds it.
      ahead.delete(wrappingKeySpec)
      const pair = await (ready === undefined
        ? generate(wrappingKeySpec)
        : ready.catch(() => generate(wrappingKeySpec)))
      if (!ahead.has(wrappingKeySpec)) prepare(wrappingKeySpec)
      return pair
    },
  }
}
