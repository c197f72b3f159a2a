/** What operations on grants need besides the store. */
import type { GrantTokens } from './grant-tokens.ts'

export interface GrantServices {
  readonly tokens: GrantTokens
  /**
   * Development: for this long a new grant is seen only by calls that present its token, as on AWS, so that code which
   * forgets the token fails here and not there. 0: at once.
   */
  readonly propagationDelayMs: number
}
