/** What the operator says of Keyhold as the proxy of external key stores (docs/external-key-manager.md). Plain data: workers get it by message. */
import type { KeyName } from '../domain/keys/key.ts'

export interface XksProxySettings {
  readonly listen: {
    readonly host: string
    /** 0: any free one. */
    readonly port: number
  }
  /** Paths of PEM files; `undefined`: plain HTTP, on this machine alone. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  readonly tenants: readonly XksTenant[]
  /** For the work of one call. */
  readonly timeoutMs: number
  /** Processes that serve it together: one, if absent. */
  readonly fleetSize?: number
}

/** Whoever has credentials of a tenant can use its keys, and knows of no others. */
export interface XksTenant {
  /** Before `/kms/xks/v1`: `/tenant-a`, or empty. */
  readonly prefix: string
  /** Path of the folder that has a file for each credential. */
  readonly credentials: string
  /** That requests may be signed for; `undefined`: any. */
  readonly regions: readonly string[] | undefined
  readonly callsPerSecondMax: number
  readonly keys: readonly ExternalKey[]
}

export const EXTERNAL_KEY_USAGES = ['ENCRYPT', 'DECRYPT'] as const
export type ExternalKeyUsage = (typeof EXTERNAL_KEY_USAGES)[number]

export interface ExternalKey {
  /** As the tenant names it: `XksKeyId`. */
  readonly externalId: string
  /** The KMS key of this installation that does the work. */
  readonly key: KeyName & { readonly arn: string }
  readonly usages: readonly ExternalKeyUsage[]
  readonly allow: SecondaryAuthorization
}

/** What is `undefined` binds nothing. Texts may have wildcards, `*` and `?`. */
export interface SecondaryAuthorization {
  /** `awsPrincipalArn`: who calls the tenant's KMS. */
  readonly principals: readonly string[] | undefined
  /** `kmsKeyArn`: for which of its keys. */
  readonly kmsKeys: readonly string[] | undefined
  /** `kmsViaService`: through which of its services. */
  readonly viaServices: readonly string[] | undefined
  /** `kmsOperation`: for what. */
  readonly operations: readonly string[] | undefined
}

/** `XksProxyUriPath`, as the tenant's KMS is told it. */
export function uriPathOf(prefix: string): string {
  return `${prefix}/kms/xks/v1`
}
