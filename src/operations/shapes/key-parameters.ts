/** CreateKey's choice of spec, usage and origin: which combinations there are (operations.md 3.6, 4.1). */
import { KmsError, validationError } from '../../base/errors.ts'
import { enumeration } from '../../base/schema.ts'
import { KEY_USAGES, type KeyUsage, type Origin } from '../../domain/keys/key.ts'
import { algorithmsOf, KEY_SPECS } from '../../domain/keys/key-specs.ts'

const ML_DSA_SPECS: readonly string[] = ['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87']

/** In the order of messages, recorded from those of GenerateDataKey: they have always been the same list. */
export const PRINTED_SPECS = [
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_P521',
  'ECC_SECG_P256K1',
  'ECC_NIST_EDWARDS25519',
  'SYMMETRIC_DEFAULT',
  'HMAC_224',
  'HMAC_256',
  'HMAC_384',
  'HMAC_512',
  'SM2',
  'ML_DSA_44',
  'ML_DSA_65',
  'ML_DSA_87',
]

export const keySpec = enumeration(KEY_SPECS, PRINTED_SPECS)

/** The deprecated member never learned the newer specs. */
export const customerMasterKeySpec = enumeration(
  KEY_SPECS.filter((spec) => !ML_DSA_SPECS.includes(spec) && spec !== 'ECC_NIST_EDWARDS25519'),
  [
    'RSA_2048',
    'ECC_NIST_P384',
    'ECC_NIST_P256',
    'ECC_NIST_P521',
    'HMAC_384',
    'RSA_3072',
    'ECC_SECG_P256K1',
    'RSA_4096',
    'SYMMETRIC_DEFAULT',
    'HMAC_256',
    'HMAC_224',
    'HMAC_512',
  ],
)

export const keyUsage = enumeration(KEY_USAGES, [
  'ENCRYPT_DECRYPT',
  'SIGN_VERIFY',
  'GENERATE_VERIFY_MAC',
  'KEY_AGREEMENT',
])

export const origin = enumeration(['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'])

export interface KeyParameters {
  readonly KeySpec?: string
  readonly CustomerMasterKeySpec?: string
  readonly KeyUsage?: KeyUsage
  readonly Origin?: Origin
  readonly MultiRegion?: boolean
  readonly CustomKeyStoreId?: string
  readonly XksKeyId?: string
}

export function specOf({ KeySpec, CustomerMasterKeySpec }: KeyParameters): string {
  return KeySpec ?? CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT'
}

/** Only symmetric encryption keys have a default; other specs are refused without one before this is asked. */
export function usageOf({ KeyUsage = 'ENCRYPT_DECRYPT' }: KeyParameters): KeyUsage {
  return KeyUsage
}

export function originOf({ Origin = 'AWS_KMS' }: KeyParameters): Origin {
  return Origin
}

/** @throws {KmsError} `ValidationException` for a combination that there is not. */
export function checkKeyParameters(parameters: KeyParameters): void {
  const spec = specOf(parameters)
  const usage = usageOf(parameters)
  if (parameters.KeySpec !== undefined && parameters.CustomerMasterKeySpec !== undefined) {
    throw validationError(
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    )
  }
  if (spec !== 'SYMMETRIC_DEFAULT' && parameters.KeyUsage === undefined) {
    throw validationError('You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.')
  }
  if (algorithmsOf({ spec, usage }).length === 0) {
    throw validationError(`KeyUsage ${usage} is not compatible with KeySpec ${spec}`)
  }
  checkOrigin(spec, originOf(parameters), parameters)
}

function checkOrigin(spec: string, origin: Origin, parameters: KeyParameters): void {
  if (ML_DSA_SPECS.includes(spec) && origin === 'EXTERNAL') {
    throw validationError(`KeySpec ${spec} is not supported for Origin EXTERNAL`)
  }
  const isInStore = origin === 'AWS_CLOUDHSM' || origin === 'EXTERNAL_KEY_STORE'
  checkPresence('CustomKeyStoreId', parameters.CustomKeyStoreId, isInStore, origin)
  checkPresence('XksKeyId', parameters.XksKeyId, origin === 'EXTERNAL_KEY_STORE', origin)
  if (!isInStore) return
  if (parameters.MultiRegion === true) {
    throw new KmsError('UnsupportedOperationException', 'Multi-Region keys are not supported in custom key stores.')
  }
  if (spec !== 'SYMMETRIC_DEFAULT') {
    throw new KmsError('UnsupportedOperationException', `KeySpec ${spec} is not supported in custom key stores.`)
  }
}

/** CRE-15. */
function checkPresence(name: string, value: string | undefined, isNeeded: boolean, origin: Origin): void {
  if ((value !== undefined) === isNeeded) return
  throw validationError(`${name} ${isNeeded ? 'is required' : 'is not allowed'} for Origin ${origin}.`)
}
