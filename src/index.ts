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
 * It is the development mode of `keyhold dev`: it lets everybody on this machine in and must never hold a real secret.
 * It prints nothing and leaves nothing behind.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './base/clock.ts'
import { silentLog } from './base/log.ts'
import type { ClockControl } from './base/movable-clock.ts'
import { requireLoopback } from './config/listen-rules.ts'
import { readSeed, type Seed } from './seed/seed.ts'
import type { SeedDocument } from './seed/seed-document.ts'
import { loadSeedFile } from './seed/seed-file.ts'
import { openDevelopmentNode } from './start/development.ts'

export type {
  SeedAccountDocument,
  SeedDocument,
  SeedKeyDocument,
  SeedOwnerDocument,
  SeedRoleDocument,
  SeedServiceDocument,
  SeedUserDocument,
} from './seed/seed-document.ts'

export interface KeyholdOptions {
  /** Port to listen on; any free one if absent. */
  readonly port?: number
  /** A loopback address; `127.0.0.1` if absent. */
  readonly host?: string
  /** Folder to keep everything in; in memory if absent. */
  readonly data?: string
  /** Keys to begin with: the path of a YAML file, or the same as an object (docs/seed-file.md). */
  readonly seed?: string | SeedDocument
  /** Region of the returned settings and of seeded keys that name none; `us-east-1` if absent. Keyhold serves any. */
  readonly region?: string
  /** Root certificates (PEM) whose attestation documents are believed besides those of AWS's root. */
  readonly attestationRoots?: string
  /** Account of seeded keys that name none; `000000000000`, that of the returned credentials, if absent. */
  readonly account?: string
  /**
   * For this many milliseconds a new grant is seen only by calls that present its grant token, as on AWS, so that code which
   * forgets the token fails here and not there; 0 if absent.
   */
  readonly grantPropagationDelayMs?: number
}

/** Parts add up. */
export interface Duration {
  readonly days?: number
  readonly hours?: number
  readonly minutes?: number
  readonly seconds?: number
  readonly milliseconds?: number
}

/**
 * The server's clock. It goes on from wherever it is moved to, and each move resolves when everything has happened that is
 * due by then: rotations, expiries, deletions (docs/clock.md).
 */
export interface KeyholdClock {
  now(): Date
  /** By milliseconds or parts of a duration; back if negative. */
  advance(by: number | Duration): Promise<void>
  set(time: Date): Promise<void>
  /** Back to real time. */
  reset(): Promise<void>
}

/** Give it to a client as it is: `new KMSClient(keyhold)`. */
export interface Keyhold {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly clock: KeyholdClock
  /** Answers what was accepted, then lets go of everything, so that the process can end. */
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
const REGION = 'us-east-1'
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' }

/** @returns once it listens. @throws if the port is taken, the seed is faulty or contradicts the data folder. */
export async function startKeyhold(options: KeyholdOptions = {}): Promise<Keyhold> {
  const { host = HOST, port = 0, region = REGION, account, data, attestationRoots, grantPropagationDelayMs } = options
  requireLoopback(host)
  const seed = seedOf(options.seed)
  const choice = { data, seed, account, region, attestationRoots, grantPropagationDelayMs }
  const node = await openDevelopmentNode({ ...choice, log: silentLog })
  try {
    const address = await node.listen({ host, port })
    const name = address.host.includes(':') ? `[${address.host}]` : address.host
    // A copy of the credentials, not frozen: the AWS SDK notes in them where they came from.
    const credentials = { ...CREDENTIALS }
    const endpoint = `http://${name}:${address.port}`
    return { endpoint, region, credentials, clock: clockOf(node.clock), stop: () => node.stop() }
  } catch (error) {
    await node.stop()
    throw error
  }
}

function clockOf(control: ClockControl): KeyholdClock {
  return {
    now: () => new Date(control.now()),
    advance: async (by) => control.advance(typeof by === 'number' ? by : milliseconds(by)),
    set: async (time) => control.set(time.getTime()),
    reset: () => control.reset(),
  }
}

function milliseconds({ days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0 }: Duration): number {
  return Math.round(days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS + milliseconds)
}

function seedOf(given: KeyholdOptions['seed']): Seed | undefined {
  if (given === undefined) return undefined
  return typeof given === 'string' ? loadSeedFile(given) : readSeed(given)
}
