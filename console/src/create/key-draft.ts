/** A key that is being described, before it is created. */
import type { KeySpec, KeyUsageType, OriginType } from '@aws-sdk/client-kms'
import type { TagRow } from '../key/tag-rows.tsx'

export type KeyType = 'symmetric' | 'asymmetric'

export interface KeyDraft {
  readonly type: KeyType
  readonly usage: KeyUsageType
  readonly spec: KeySpec
  readonly origin: OriginType
  readonly isMultiRegion: boolean
  /** May be empty, as the next. */
  readonly alias: string
  readonly description: string
  readonly tags: readonly TagRow[]
  /** ARNs. */
  readonly administrators: readonly string[]
  readonly mayDelete: boolean
  readonly users: readonly string[]
  /** As it was edited; `undefined`: what follows from the choices before. */
  readonly policy: string | undefined
}

export const NEW_KEY: KeyDraft = {
  type: 'symmetric',
  usage: 'ENCRYPT_DECRYPT',
  spec: 'SYMMETRIC_DEFAULT',
  origin: 'AWS_KMS',
  isMultiRegion: false,
  alias: '',
  description: '',
  tags: [],
  administrators: [],
  mayDelete: true,
  users: [],
  policy: undefined,
}

interface UsageChoice {
  readonly usage: KeyUsageType
  readonly description: string
  readonly specs: readonly KeySpec[]
}

const RSA: readonly KeySpec[] = ['RSA_2048', 'RSA_3072', 'RSA_4096']
const NIST: readonly KeySpec[] = ['ECC_NIST_P256', 'ECC_NIST_P384', 'ECC_NIST_P521']
const ML_DSA: readonly KeySpec[] = ['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87']

/** What a key of a type can be for, and the specs that can do it; the first of each is where the choice begins. */
export const USAGES: Readonly<Record<KeyType, readonly UsageChoice[]>> = {
  symmetric: [
    {
      usage: 'ENCRYPT_DECRYPT',
      description: 'Encrypts and decrypts data and data keys.',
      specs: ['SYMMETRIC_DEFAULT'],
    },
    {
      usage: 'GENERATE_VERIFY_MAC',
      description: 'Generates and verifies hash-based message authentication codes (HMAC).',
      specs: ['HMAC_256', 'HMAC_224', 'HMAC_384', 'HMAC_512'],
    },
  ],
  asymmetric: [
    {
      usage: 'ENCRYPT_DECRYPT',
      description: 'Encrypts with the public key, decrypts with the private key.',
      specs: [...RSA, 'SM2'],
    },
    {
      usage: 'SIGN_VERIFY',
      description: 'Signs with the private key, verifies with the public key.',
      specs: [...RSA, ...NIST, 'ECC_SECG_P256K1', 'ECC_NIST_EDWARDS25519', ...ML_DSA, 'SM2'],
    },
    {
      usage: 'KEY_AGREEMENT',
      description: 'Derives shared secrets from the private key and the public key of a peer.',
      specs: [...NIST, 'SM2'],
    },
  ],
}

export function specsOf({ type, usage }: Pick<KeyDraft, 'type' | 'usage'>): readonly KeySpec[] {
  return USAGES[type].find((choice) => choice.usage === usage)?.specs ?? []
}

/** The draft with another type or usage, and with a spec that fits. */
export function withPurpose(draft: KeyDraft, type: KeyType, usage: KeyUsageType): KeyDraft {
  const fitting = USAGES[type].some((choice) => choice.usage === usage) ? usage : USAGES[type][0]!.usage
  const specs = specsOf({ type, usage: fitting })
  const spec = specs.includes(draft.spec) ? draft.spec : specs[0]!
  return { ...draft, type, usage: fitting, spec }
}
