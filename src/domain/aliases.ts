/** Aliases: names for keys, unique in an account and Region. */

export interface AliasName {
  readonly account: string
  readonly region: string
  /** With its prefix: `alias/app`. */
  readonly aliasName: string
}

export interface Alias extends AliasName {
  readonly keyId: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
}

export const ALIAS_PREFIX = 'alias/'
/** AWS managed keys only (lifecycle.md MGD-1). */
export const RESERVED_ALIAS_PREFIX = 'alias/aws/'

export function aliasRef({ account, region, aliasName }: AliasName): string {
  return `${account}/${region}/${aliasName}`
}
