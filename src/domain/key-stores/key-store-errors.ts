/** Errors that several operations on custom key stores share; AWS publishes no texts of theirs. */
import { KmsError } from '../../base/errors.ts'
import type { CustomKeyStore } from './custom-key-store.ts'

export function keyStoreNotFound(idOrName: string): KmsError {
  return new KmsError('CustomKeyStoreNotFoundException', `Custom key store ${idOrName} is not found.`)
}

/** KS-6. */
export function withoutGenerator({ type }: CustomKeyStore): KmsError {
  const text = `Custom key stores of type ${type} are not valid for this operation.`
  return new KmsError('UnsupportedOperationException', text)
}

/**
 * CreateKey and GenerateRandom are about a store: what fails below them is the store's invalid state, where it would be a key's
 * elsewhere (operations.md 3.6 and 3.25 list no other).
 */
export function asStoreFailure(error: unknown): never {
  if (error instanceof KmsError && error.code === 'KMSInvalidStateException') {
    throw new KmsError('CustomKeyStoreInvalidStateException', error.text, { cause: error })
  }
  throw error
}

export function invalidStoreState({ storeId, connectionState }: CustomKeyStore): KmsError {
  const text = `Custom key store ${storeId} is ${connectionState}, which is not valid for this operation.`
  return new KmsError('CustomKeyStoreInvalidStateException', text)
}
