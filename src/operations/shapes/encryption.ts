/** What operations that encrypt or decrypt share: algorithm, encryption context, their condition keys. */
import { validationError } from '../../base/errors.ts'
import type { Key } from '../../domain/keys/key.ts'
import { SYMMETRIC_DEFAULT } from '../../domain/keys/key-specs.ts'

export { SYMMETRIC_DEFAULT }

type Context = Readonly<Record<string, string>> | undefined

/**
 * Materials of asymmetric and HMAC keys have internal ids that no answer and no record shows (operations.md 6.3), and those of keys
 * in custom key stores are not shown either (lifecycle.md ROT-42).
 */
export function shownMaterialId({ spec, customKeyStore }: Key, materialId: string | undefined): string | undefined {
  return spec === SYMMETRIC_DEFAULT && customKeyStore === undefined ? materialId : undefined
}

/** An empty context is none (lifecycle.md ENV-11). */
export function checkContextFits(algorithm: string, context: Context): void {
  if (algorithm === SYMMETRIC_DEFAULT || context === undefined || Object.keys(context).length === 0) return
  throw validationError('EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.')
}
