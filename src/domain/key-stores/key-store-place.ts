export type ConnectionState = 'CONNECTED' | 'CONNECTING' | 'FAILED' | 'DISCONNECTED' | 'DISCONNECTING'

/** Where the material of a key is, if that is a custom key store. Store, suite and external key never change (CRE-4). */
export interface KeyStorePlace {
  readonly storeId: string
  /** Of the key's ciphertexts: 0x02 or 0x03 in an HSM, 0x10 behind a proxy (lifecycle.md 8.7). */
  readonly suite: number
  /** The external key; in external key stores, and in no others. */
  readonly xksKeyId: string | undefined
  /** Of the store, as it is now; of the type AWS_CLOUDHSM, and of no other. */
  readonly clusterId: string | undefined
  /** Of the store, as it is now: whoever keeps a key drops it when its store changes. */
  readonly connectionState: ConnectionState
}
