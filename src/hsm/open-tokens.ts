/**
 * Opening a library for the sake of some of its tokens. One that is not there is looked for again, by another process: SoftHSM2 shows a
 * token as missing, or as not recognised, for the moment in which another process logs in to it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { HSM_LOOKS_MAX, HSM_LOOKS_PAUSE_MS } from '../base/limits.ts'
import type { TokenName } from './hsm-cluster.ts'
import { HsmError, type TokenState } from './messages.ts'
import { type ModuleChoice, type ModuleClient, startModule } from './module-client.ts'

/** For each name, what has it. */
export type FoundTokens = readonly (readonly TokenState[])[]

/**
 * @param use for which the library stays open, unless it throws; done again if it says that tokens are gone.
 * @throws {HsmError} of {@link startModule}, and what `use` throws.
 */
export async function openTokens<T>(
  choice: ModuleChoice,
  names: readonly TokenName[],
  use: (client: ModuleClient, found: FoundTokens) => Promise<T>,
): Promise<T> {
  for (let look = 1; ; look++) {
    const client = await startModule(choice)
    try {
      const found = await client.call('findTokens', { names })
      if (look < HSM_LOOKS_MAX && found.some(isMissing)) throw new HsmError('NO_TOKEN')
      return await use(client, found)
    } catch (error) {
      await client.close()
      const isAway = error instanceof HsmError && AWAY.has(error.code)
      if (look === HSM_LOOKS_MAX || !isAway) throw error
    }
    await sleep(HSM_LOOKS_PAUSE_MS)
  }
}

/** None of them says anything of a PIN, of which every attempt counts (keystores.md HU-3). */
const AWAY: ReadonlySet<string> = new Set(['NO_TOKEN', 'CKR_TOKEN_NOT_PRESENT', 'CKR_TOKEN_NOT_RECOGNIZED'])

function isMissing(tokens: readonly TokenState[]): boolean {
  return !tokens.some(({ isInitialized }) => isInitialized)
}
