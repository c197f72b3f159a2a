/** The side of Decrypt and ReEncrypt that names a ciphertext and, perhaps, its key. */
import { validationError } from '../../base/errors.ts'
import { type KeyLocator, keyOrAliasNamed } from '../../pipeline/operation.ts'
import { checkContextFits, SYMMETRIC_DEFAULT } from './encryption.ts'

export interface CiphertextSource {
  readonly blob: Buffer | undefined
  readonly keyId: string | undefined
  /** Name of the member that `keyId` came from. */
  readonly keyMember: string
  readonly algorithm: string
  readonly context: Readonly<Record<string, string>> | undefined
}

// The member is optional for dry runs only, and its absence is told as that of a required one (recorded).
const NO_CIPHERTEXT =
  "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null"

interface DryRunMembers {
  readonly DryRun?: boolean
  readonly DryRunModifiers?: readonly string[]
}

/** The caller only asks whether he would be allowed to. */
export function ignoresCiphertext({ DryRunModifiers }: DryRunMembers): boolean {
  return DryRunModifiers?.includes('IGNORE_CIPHERTEXT') ?? false
}

/** Parameter rules of operations.md 3.7 and 3.40. */
export function checkSource(source: CiphertextSource, input: DryRunMembers): void {
  if ((input.DryRunModifiers?.length ?? 0) > 0 && input.DryRun !== true) {
    throw validationError('DryRunModifiers can only be specified when DryRun is true')
  }
  const ignored = ignoresCiphertext(input)
  if (source.blob === undefined && !ignored) throw validationError(NO_CIPHERTEXT)
  const needsKeyId = ignored || source.algorithm !== SYMMETRIC_DEFAULT
  if (source.keyId === undefined && needsKeyId) throw validationError(`${source.keyMember} must not be null`)
  checkContextFits(source.algorithm, source.context)
}

/** A symmetric ciphertext names its key; every other source is named by the caller (lifecycle.md CT-5). */
export function locateSource({ blob, keyId, algorithm }: CiphertextSource, input: DryRunMembers): KeyLocator {
  if (ignoresCiphertext(input) || algorithm !== SYMMETRIC_DEFAULT) return keyOrAliasNamed(keyId!)
  return { by: 'ciphertext', blob: blob!, identifier: keyId }
}
