/** A cluster of HSMs as the operator configures it (keystores.md 2.1); the API can name one, and nothing that is in it. */

/** How a token is found: by its serial number, or by a label that no other token has. */
export type TokenName = { readonly serial: string } | { readonly label: string }

export interface HsmCluster {
  /** `cluster-` and 11 to 16 characters of base32. */
  readonly clusterId: string
  /** Path of the PKCS #11 library. */
  readonly module: string
  /** All of them hold the same keys: their vendor sees to that. */
  readonly tokens: readonly TokenName[]
  /** Tokens that must work for a store or key to be made, and for a store to be connected. */
  readonly minCreate: number
  readonly minConnect: number
  /** SHA-256 of the DER form of the certificate that stands for the cluster, hex. */
  readonly trustAnchorDigest: string
  /** The password is replaced at each connection by one that only this service knows (HU-4). */
  readonly rotatePin: boolean
  /** New keys derive a key for each message (suite 0x03) if the tokens can; else they encrypt messages themselves (0x02). */
  readonly derivesKeys: boolean
  /** The layout of CK_GCM_PARAMS that the library wants: with `ulIvBits` as in PKCS #11 2.40, or without as before. */
  readonly gcmParameters: 'v2.40' | 'v2.30'
  /** For the process that the library runs in, beyond what this one has. */
  readonly environment: Readonly<Record<string, string>>
}
