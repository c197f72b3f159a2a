/** Algorithm members of requests. */
import { blob, enumeration, optional } from '../../base/schema.ts'
import type { ConditionValues } from '../../domain/policy/condition-values.ts'
import { type KeyUse, keyOrAliasNamed } from '../../pipeline/operation.ts'
import { USABLE } from './key-states.ts'

/** In the order of messages, as recorded. */
const SIGNING_ALGORITHMS = [
  'RSASSA_PSS_SHA_256',
  'RSASSA_PSS_SHA_384',
  'RSASSA_PSS_SHA_512',
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
  'ECDSA_SHA_256',
  'ECDSA_SHA_384',
  'ECDSA_SHA_512',
  'ED25519_SHA_512',
  'ED25519_PH_SHA_512',
  'SM2DSA',
  'ML_DSA_SHAKE_256',
] as const

/** No key signs with SYMMETRIC_DEFAULT, and messages do not list it, but it is its spec that AWS was recorded to name. */
export const signingAlgorithm = enumeration([...SIGNING_ALGORITHMS, 'SYMMETRIC_DEFAULT'], SIGNING_ALGORITHMS)

const MESSAGE_TYPES = ['RAW', 'DIGEST', 'EXTERNAL_MU'] as const
export const messageType = optional(enumeration(MESSAGE_TYPES, MESSAGE_TYPES))
export const macAlgorithm = enumeration(['HMAC_SHA_224', 'HMAC_SHA_256', 'HMAC_SHA_384', 'HMAC_SHA_512'])
export const keyAgreementAlgorithm = enumeration(['ECDH'])

/** What is signed or authenticated. */
export const message = blob(1, 4096, { sensitive: true })

interface Signing {
  readonly SigningAlgorithm: string
  readonly MessageType?: string
}

/** Sign and Verify use a key under the same rules. */
export function signingUse(permission: string): KeyUse<Signing & { readonly KeyId: string }> {
  return {
    on: 'key',
    locate: ({ KeyId }) => keyOrAliasNamed(KeyId),
    permission,
    keyStates: USABLE,
    keyUsage: 'SIGN_VERIFY',
    algorithm: ({ SigningAlgorithm }) => SigningAlgorithm,
    crossAccount: true,
    grantable: true,
    conditionKeys: signingConditions,
  }
}

interface Authenticating {
  readonly KeyId: string
  readonly MacAlgorithm: string
}

/** GenerateMac and VerifyMac use a key under the same rules. */
export function macUse(permission: string): KeyUse<Authenticating> {
  return {
    on: 'key',
    locate: ({ KeyId }) => keyOrAliasNamed(KeyId),
    permission,
    keyStates: USABLE,
    keyUsage: 'GENERATE_VERIFY_MAC',
    algorithm: ({ MacAlgorithm }) => MacAlgorithm,
    crossAccount: true,
    grantable: true,
    conditionKeys: ({ MacAlgorithm }) => ({ 'kms:MacAlgorithm': MacAlgorithm }),
  }
}

/** authorization.md 3.2: RAW is what an absent MessageType means. */
function signingConditions({ SigningAlgorithm, MessageType = 'RAW' }: Signing): ConditionValues {
  return { 'kms:SigningAlgorithm': SigningAlgorithm, 'kms:MessageType': MessageType }
}
