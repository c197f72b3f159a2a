/** Secrets of the store that are sealed under domain keys, where they rest: what is to be sealed anew (lifecycle.md ENV-31). */
import type { CustomKeyStoreType } from '../key-stores/custom-key-store.ts'

/** Every column of the store that holds tokens has a kind here; a domain key is kept as long as any of them may need it. */
export const RESTING_TOKEN_KINDS = [
  'key material',
  'access key',
  'service access key',
  'key store secret',
  'pending key store secret',
] as const

export type RestingTokenKind = (typeof RESTING_TOKEN_KINDS)[number]

interface OfKeyStore {
  readonly account: string
  readonly region: string
  readonly storeId: string
  readonly type: CustomKeyStoreType
}

export type RestingToken = { readonly token: Buffer } & (
  | { readonly kind: 'key material'; readonly region: string; readonly materialId: string }
  | {
      readonly kind: 'access key'
      readonly accessKeyId: string
      readonly account: string
      /** `undefined`: the account's root. */
      readonly userId: string | undefined
    }
  | { readonly kind: 'service access key'; readonly accessKeyId: string; readonly service: string }
  | ({ readonly kind: 'key store secret' } & OfKeyStore)
  | ({ readonly kind: 'pending key store secret' } & OfKeyStore)
)
