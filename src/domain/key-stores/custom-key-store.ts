/**
 * Custom key stores (keystores.md section 1): where key material lies that this service never sees, or seals a second time. Both
 * types in one shape; what is one type's own hangs on `type`.
 */
import type { KeyName } from '../keys/key.ts'
import type { ConnectionState, KeyStorePlace } from './key-store-place.ts'

export const CUSTOM_KEY_STORE_TYPES = ['AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'] as const
export type CustomKeyStoreType = (typeof CUSTOM_KEY_STORE_TYPES)[number]

/** keystores.md 1.4, those that are produced. */
export type ConnectionErrorCode =
  | 'INTERNAL_ERROR'
  | 'NETWORK_ERRORS'
  | 'INVALID_CREDENTIALS'
  | 'CLUSTER_NOT_FOUND'
  | 'INSUFFICIENT_CLOUDHSM_HSMS'
  | 'USER_LOCKED_OUT'
  | 'USER_NOT_FOUND'
  | 'USER_LOGGED_IN'
  | 'XKS_PROXY_ACCESS_DENIED'
  | 'XKS_PROXY_NOT_REACHABLE'
  | 'XKS_PROXY_TIMED_OUT'
  | 'XKS_PROXY_INVALID_RESPONSE'
  | 'XKS_PROXY_INVALID_CONFIGURATION'
  | 'XKS_PROXY_INVALID_TLS_CONFIGURATION'
  | 'XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND'
  | 'XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION'

export interface KeyStoreName {
  readonly account: string
  readonly region: string
  /** `cks-` and 17 hex digits (SO-1). */
  readonly storeId: string
}

interface StoreFacts extends KeyStoreName {
  /** Unique per account and Region. */
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly connectionState: ConnectionState
  /** In FAILED, and in no other state. */
  readonly connectionErrorCode: ConnectionErrorCode | undefined
  /** Counts the times that it was to be connected: what an earlier attempt finds out is no longer of interest. */
  readonly attempt: number
  /** Sealed: the password of the crypto user, or the proxy's raw secret access key. */
  readonly secret: Buffer
}

/** Keys in an HSM that speaks PKCS #11. */
export interface CloudHsmKeyStore extends StoreFacts {
  readonly type: 'AWS_CLOUDHSM'
  readonly clusterId: string
  /** PEM, as it was given. */
  readonly trustAnchorCertificate: string
  /** Sealed: the password that is about to take the place of `secret`, or has already (HU-4). */
  readonly pendingSecret: Buffer | undefined
  /** The HSM has refused `secret`, and nobody has given another since: it is not tried where that could lock the user out (HU-3). */
  readonly isSecretRefused: boolean
}

/** Keys in a key manager behind an external key store proxy. */
export interface ExternalKeyStore extends StoreFacts {
  readonly type: 'EXTERNAL_KEY_STORE'
  /** `https://host` */
  readonly uriEndpoint: string
  readonly uriPath: string
  readonly connectivity: 'PUBLIC_ENDPOINT' | 'VPC_ENDPOINT_SERVICE'
  readonly accessKeyId: string
  /** When the credential was given, in milliseconds since the epoch. */
  readonly credentialSetAt: number
  /** With VPC_ENDPOINT_SERVICE, and with no other connectivity; as is the owner. */
  readonly vpcEndpointServiceName: string | undefined
  readonly vpcEndpointServiceOwner: string | undefined
}

/** Frozen; a change makes a new one. */
export type CustomKeyStore = CloudHsmKeyStore | ExternalKeyStore

/** One string for a store's name, for maps and the changes table. */
export function keyStoreRef({ account, region, storeId }: KeyStoreName): string {
  return `${account}/${region}/${storeId}`
}

/** Of a {@link keyStoreRef}. */
export function keyStoreNamed(ref: string): KeyStoreName {
  const [account = '', region = '', storeId = ''] = ref.split('/')
  return { account, region, storeId }
}

/** @param key that is in a custom key store. */
export function keyStoreOf({ account, region, customKeyStore }: KeyInStore): KeyStoreName {
  return { account, region, storeId: customKeyStore!.storeId }
}

export interface KeyInStore extends KeyName {
  readonly customKeyStore: KeyStorePlace | undefined
}
