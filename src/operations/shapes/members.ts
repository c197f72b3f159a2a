/** Members that many operations share, with the model's constraints. */
import { boolean, enumeration, integer, list, optional, string, stringMap } from '../../base/schema.ts'

/** The pattern is recorded; the model has none. */
export const keyId = string({ min: 1, max: 2048, pattern: '^\\p{ASCII}+$', lengthsFirst: true })
export const encryptionContext = optional(stringMap())
/** Never recorded (audit.md section 3). */
export const grantToken = string({ min: 1, max: 8192, unrecorded: true })
export const grantTokens = optional(list(grantToken, { min: 0, max: 10, unrecorded: true }))
export const dryRun = optional(boolean())
export const description = string({ min: 0, max: 8192 })
export const policyText = string({ min: 1, max: 131_072, pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+' })
export const policyName = optional(string({ min: 1, max: 128, pattern: '[\\w]+' }))
export const customKeyStoreId = optional(string({ min: 1, max: 64 }))

/** Printed as recorded. */
export const encryptionAlgorithm = optional(
  enumeration(
    ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE'],
    ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE', 'SYMMETRIC_DEFAULT'],
  ),
)

export const dryRunModifiers = optional(list(enumeration(['IGNORE_CIPHERTEXT'])))

export const limit = optional(integer(1, 1000))
export const marker = optional(string({ min: 1, max: 1024, pattern: '[\\u0020-\\u00FF]*' }))

export const aliasName = string({ min: 1, max: 256, pattern: '^[a-zA-Z0-9:/_-]+$' })

export const region = string({ min: 1, max: 32, pattern: '^([a-z]+-){2,3}\\d+$' })

export const keyMaterialId = string({ min: 64, max: 64, pattern: '^[a-f0-9]+$' })
