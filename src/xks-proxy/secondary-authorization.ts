/** Who and what of the tenant's KMS the operator lets use a key, beyond the signature (keystores.md 6.2, step 10). */
import { XKS_METADATA_CHARS_MAX } from '../base/limits.ts'
import { globMatches, parseGlob } from '../domain/policy/glob.ts'
import type { RequestMetadata } from './requests.ts'
import type { KeyCallName } from './route.ts'
import type { SecondaryAuthorization } from './settings.ts'
import { XksError } from './xks-error.ts'

/**
 * The KMS key does not exist yet when its creation asks for metadata, so there only its creator counts.
 * @throws {XksError} `AccessDeniedException`
 */
export function authorize(allow: SecondaryAuthorization, metadata: RequestMetadata, call: KeyCallName): void {
  const isAllowed =
    isOne(allow.principals, metadata.awsPrincipalArn) &&
    (call === 'metadata' ||
      (isOne(allow.kmsKeys, metadata.kmsKeyArn) &&
        isOne(allow.viaServices, metadata.kmsViaService) &&
        isOne(allow.operations, metadata.kmsOperation)))
  if (isAllowed) return
  throw new XksError('AccessDeniedException', 'The key manager does not allow this use of the external key.')
}

/** The work is bounded by the length of the value: patterns are the operator's. */
const UNLIMITED = { spend() {} }

function isOne(patterns: readonly string[] | undefined, value: string | undefined): boolean {
  if (patterns === undefined) return true
  if (value === undefined || value.length > XKS_METADATA_CHARS_MAX) return false
  return patterns.some((pattern) => globMatches(parseGlob(pattern), value, UNLIMITED))
}
