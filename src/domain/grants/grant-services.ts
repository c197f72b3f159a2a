/** What operations on grants need besides the store. */
import type { ExternalAccounts } from '../identity/resolve-principal.ts'
import type { GrantTokens } from './grant-tokens.ts'

export interface GrantServices {
  readonly tokens: GrantTokens
  /** May a grant name principals of accounts that are not hosted here (P-7)? */
  readonly externalAccounts: ExternalAccounts
}
