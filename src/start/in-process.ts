/** What `startKeyhold()` does, once this Node is known to have what it takes. */
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import type { ClockControl } from '../base/movable-clock.ts'
import { requireLoopback } from '../config/listen-rules.ts'
import { UsageError } from '../config/operator-error.ts'
import type { ProviderSettings } from '../domain/identity/provider-keys.ts'
import { type Fault, FaultError } from '../pipeline/fault.ts'
import type { Faults } from '../pipeline/faults.ts'
import { readSeed, type Seed } from '../seed/seed.ts'
import type { SeedDocument } from '../seed/seed-document.ts'
import { loadSeedFile } from '../seed/seed-file.ts'
import { CONSOLE_FOLDER } from './console-folder.ts'
import { openDevelopmentNode } from './development.ts'
import { guardPolicyIn, guardPolicyOf } from './guard-policy.ts'
import { checkDuration, checkOptions, checkTime } from './in-process-options.ts'

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
  /**
   * What to know of OpenID Connect providers, by their issuer URLs (docs/sts-and-iam.md): the path of the YAML file that
   * `--identity-providers` takes, or an object with keys and certificates themselves.
   */
  readonly identityProviders?: string | Readonly<Record<string, IdentityProviderOptions>>
  /**
   * A policy that binds all callers of all accounts, root included, as a service control policy does: the path of a file, or the
   * policy as an object (docs/access-control.md).
   */
  readonly guardPolicy?: string | object
  /** Tell refused callers which policy and statement denied, not only of what kind it is; no if absent, as on AWS. */
  readonly verboseDenials?: boolean
}

export interface IdentityProviderOptions {
  /** Its keys, a JSON Web Key Set: nothing is fetched. */
  readonly keys?: { readonly keys: readonly object[] }
  /** Certificates (PEM) to trust beside the usual ones when its keys are fetched. */
  readonly ca?: string
  /** It may be on a private address. */
  readonly private?: boolean
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

/** Makes calls fail on purpose (docs/faults.md). */
export interface KeyholdFaults {
  /** From now on; of several that fit a call the first one hits it. @throws if it means nothing. */
  add(fault: Fault): KeyholdFault
  /** Ends all of them. */
  clear(): void
}

export interface KeyholdFault {
  /** Calls that it has hit. */
  readonly hits: number
  remove(): void
}

/** Give it to a client as it is: `new KMSClient(keyhold)`. */
export interface Keyhold {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly clock: KeyholdClock
  readonly faults: KeyholdFaults
  /** Answers what was accepted, then lets go of everything, so that the process can end. */
  stop(): Promise<void>
}

const HOST = '127.0.0.1'
const REGION = 'us-east-1'
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' }

/** Every one, for those who misspell one where no type says so. */
const OPTIONS = Object.freeze({
  port: true,
  host: true,
  data: true,
  seed: true,
  region: true,
  attestationRoots: true,
  account: true,
  grantPropagationDelayMs: true,
  identityProviders: true,
  guardPolicy: true,
  verboseDenials: true,
} satisfies Record<keyof KeyholdOptions, true>)

export async function startInProcess(options: KeyholdOptions): Promise<Keyhold> {
  checkOptions({ ...options }, Object.keys(OPTIONS))
  const { host = HOST, port = 0, region = REGION, account, data, attestationRoots } = options
  const { grantPropagationDelayMs, verboseDenials } = options
  requireLoopback(host)
  if (attestationRoots !== undefined) await checkRoots(attestationRoots)
  const seed = seedOf(options.seed)
  const identityProviders = await providersOf(options.identityProviders)
  const guardPolicy = guardOf(options.guardPolicy)
  const settings = { identityProviders, guardPolicy, verboseDenials, consoleFolder: CONSOLE_FOLDER }
  const given = { data, seed, account, region, attestationRoots, grantPropagationDelayMs }
  const node = await openDevelopmentNode({ ...given, settings, log: silentLog })
  try {
    const address = await node.listen({ host, port })
    const name = address.host.includes(':') ? `[${address.host}]` : address.host
    // A copy of the credentials, not frozen: the AWS SDK notes in them where they came from.
    const credentials = { ...CREDENTIALS }
    const endpoint = `http://${name}:${address.port}`
    const controls = { clock: clockOf(node.clock), faults: faultsOf(node.faults) }
    return { endpoint, region, credentials, ...controls, stop: () => node.stop() }
  } catch (error) {
    await node.stop()
    throw error
  }
}

/** A path, or roots in another form, would be believed to be trusted. */
async function checkRoots(pem: string): Promise<void> {
  const { parseRoots } = await import('../crypto/attestation/roots.ts')
  try {
    parseRoots(pem)
  } catch (cause) {
    throw new UsageError(`startKeyhold: attestationRoots: ${(cause as Error).message}`, { cause })
  }
}

function clockOf(control: ClockControl): KeyholdClock {
  return {
    now: () => new Date(control.now()),
    advance: async (by) => control.advance(typeof by === 'number' ? by : milliseconds(by)),
    set: async (time) => {
      checkTime(time)
      await control.set(time.getTime())
    },
    reset: () => control.reset(),
  }
}

function faultsOf(faults: Faults): KeyholdFaults {
  return {
    add(fault) {
      try {
        return faults.add(fault)
      } catch (error) {
        throw error instanceof FaultError ? new UsageError(`faults.add: ${error.message}`) : error
      }
    },
    clear: () => faults.clear(),
  }
}

function milliseconds(by: Duration): number {
  checkDuration(by)
  const { days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0 } = by
  return Math.round(days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS + milliseconds)
}

function seedOf(given: KeyholdOptions['seed']): Seed | undefined {
  if (given === undefined) return undefined
  return typeof given === 'string' ? loadSeedFile(given) : readSeed(given)
}

/** Loaded only where there are some: it brings a library, and most tests have no web identities. */
async function providersOf(given: KeyholdOptions['identityProviders']): Promise<readonly ProviderSettings[]> {
  if (given === undefined) return []
  const { identityProvidersOf, readIdentityProviders } = await import('./identity-providers.ts')
  return typeof given === 'string' ? readIdentityProviders(given) : identityProvidersOf(given)
}

function guardOf(given: KeyholdOptions['guardPolicy']): string | undefined {
  return typeof given === 'object' ? guardPolicyOf(JSON.stringify(given), 'guardPolicy') : guardPolicyIn(given)
}
