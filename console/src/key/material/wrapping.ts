/** How key material may be wrapped for its way here. */
import { AlgorithmSpec, type KeySpec, WrappingKeySpec } from '@aws-sdk/client-kms'

interface Choice<T> {
  readonly value: T
  readonly label: string
}

/** RSAES_OAEP takes only as much as the RSA key is long: private keys of RSA do not fit. */
export function wrappingAlgorithms(spec: KeySpec | undefined): readonly Choice<AlgorithmSpec>[] {
  const wholeKeys: readonly Choice<AlgorithmSpec>[] = [
    { value: AlgorithmSpec.RSA_AES_KEY_WRAP_SHA_256, label: 'RSA_AES_KEY_WRAP_SHA_256' },
    { value: AlgorithmSpec.RSA_AES_KEY_WRAP_SHA_1, label: 'RSA_AES_KEY_WRAP_SHA_1' },
  ]
  if (spec === 'SM2') return [...wholeKeys, { value: AlgorithmSpec.SM2PKE, label: 'SM2PKE' }]
  if (spec?.startsWith('RSA_')) return wholeKeys
  return [
    { value: AlgorithmSpec.RSAES_OAEP_SHA_256, label: 'RSAES_OAEP_SHA_256' },
    { value: AlgorithmSpec.RSAES_OAEP_SHA_1, label: 'RSAES_OAEP_SHA_1' },
    ...wholeKeys,
  ]
}

export function wrappingKeySpecs(algorithm: AlgorithmSpec): readonly Choice<WrappingKeySpec>[] {
  if (algorithm === AlgorithmSpec.SM2PKE) return [{ value: WrappingKeySpec.SM2, label: 'SM2' }]
  return [
    { value: WrappingKeySpec.RSA_4096, label: 'RSA_4096' },
    { value: WrappingKeySpec.RSA_3072, label: 'RSA_3072' },
    { value: WrappingKeySpec.RSA_2048, label: 'RSA_2048' },
  ]
}

/** What to wrap, in words. */
export function materialFormat(spec: KeySpec | undefined): string {
  if (spec === 'SYMMETRIC_DEFAULT') return '32 random bytes'
  if (spec?.startsWith('HMAC_')) return `${Number(spec.slice('HMAC_'.length)) / 8} random bytes`
  return 'the private key in PKCS #8, as DER'
}
