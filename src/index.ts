/**
 * Keyhold inside another process, for tests:
 *
 * ```ts
 * import { startKeyhold } from 'keyhold'
 * import { KMSClient } from '@aws-sdk/client-kms'
 *
 * const keyhold = await startKeyhold()
 * const kms = new KMSClient(keyhold)   // endpoint, region, credentials
 * // …
 * await keyhold.stop()
 * ```
 *
 * It is the development mode of `keyhold dev`: it lets everybody on this machine in and must never hold a real secret. While a
 * debugger holds a test, its keys can be looked at: the web console is at `${endpoint}/console/`.
 * It prints nothing and leaves nothing behind.
 */
import type { Keyhold, KeyholdOptions } from './start/in-process.ts'
import { nodeFault } from './start/node-version.js'

export type { Fault } from './pipeline/fault.ts'
export type {
  SeedAccountDocument,
  SeedDocument,
  SeedKeyDocument,
  SeedOwnerDocument,
  SeedRoleDocument,
  SeedServiceDocument,
  SeedUserDocument,
} from './seed/seed-document.ts'
export type {
  Duration,
  IdentityProviderOptions,
  Keyhold,
  KeyholdClock,
  KeyholdFault,
  KeyholdFaults,
  KeyholdOptions,
} from './start/in-process.ts'

/** @returns once it listens. @throws if an option means nothing, if the port is taken, the seed is faulty or contradicts the data folder. */
export async function startKeyhold(options: KeyholdOptions = {}): Promise<Keyhold> {
  const fault = nodeFault()
  if (fault !== undefined) throw new Error(`startKeyhold: ${fault}`)
  // Not before: an older Node would fail on what is imported there, with a message that helps nobody.
  const { startInProcess } = await import('./start/in-process.ts')
  return startInProcess(options)
}
