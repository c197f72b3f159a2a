/**
 * Takes shares of root keys for a server, and keeps what they open as long as the server runs, so that its processes can be replaced
 * without them. Once it is open, shares of a root key that the server is not under yet are taken as well: it may have been changed.
 */
import { UNSEAL_SHARES_KEPT_MS } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { readShare } from '../crypto/root-key/root-key-shares.ts'
import { createShareCollector, type ShareCollector, type SharesParameters } from '../crypto/root-key/share-collector.ts'
import type { DataFolder } from './data-folder.ts'
import { rootKeyFiles } from './root-key-files.ts'
import { sharesParametersIn } from './shares-root-key.ts'

/** Of one root key. */
export interface UnsealState {
  readonly rootKeyId: string
  readonly isSealed: boolean
  /** Shares that were given and are waiting for others. */
  readonly given: number
  readonly threshold: number
}

/** What whoever gave a share is told. */
export interface UnsealAnswer {
  /** Of the root key that the share is of, or that the server waits for; `undefined`: it waits for none. */
  readonly state: UnsealState | undefined
  /** Why the share was not taken, or all were forgotten. */
  readonly refusal?: string
}

export interface Unsealer {
  /** Secrets by the ids of their root keys, in hex: the same object as long as the server runs, and plain, because workers get it by message. */
  readonly unsealed: Record<string, string>
  /** @param text as a person gave it; `undefined`: only asks. */
  take(text: string | undefined): Promise<UnsealAnswer>
  /** Resolves with the secret when enough shares of this root key were given. */
  wait(parameters: SharesParameters): Promise<string>
  onUnsealed(listener: (rootKeyId: string) => void): void
  /** Forgets shares that were given. */
  close(): void
}

export function createUnsealer(folder: DataFolder, log: Log): Unsealer {
  const unsealed: Record<string, string> = {}
  const collectors = new Map<string, ShareCollector>()
  const listeners: ((rootKeyId: string) => void)[] = []
  let waitingFor: SharesParameters | undefined
  let forgetting: NodeJS.Timeout | undefined
  /** One share after the other. */
  let last: Promise<unknown> = Promise.resolve()

  function parametersOf(rootKeyId: string): SharesParameters | undefined {
    return rootKeyFiles(folder)
      .filter(({ provider }) => provider === 'shares')
      .map(({ path }) => sharesParametersIn(path))
      .find(({ id }) => id === rootKeyId)
  }

  function stateOf({ id, threshold }: SharesParameters): UnsealState {
    const isSealed = unsealed[id] === undefined
    return { rootKeyId: id, isSealed, given: collectors.get(id)?.given ?? 0, threshold }
  }

  function collectorOf(parameters: SharesParameters): ShareCollector {
    const known = collectors.get(parameters.id)
    if (known !== undefined) return known
    const collector = createShareCollector(parameters)
    collectors.set(parameters.id, collector)
    return collector
  }

  function forgetAll(): void {
    clearTimeout(forgetting)
    for (const collector of collectors.values()) collector.forget()
    collectors.clear()
  }

  async function add(text: string): Promise<UnsealAnswer> {
    const share = readShare(text)
    if (share === undefined) return { state: undefined, refusal: 'this is no share, or it was mistyped' }
    const parameters = parametersOf(share.rootKeyId)
    if (parameters === undefined) {
      return {
        state: undefined,
        refusal: `this is a share of the root key ${share.rootKeyId}, which is not this server's`,
      }
    }
    // Files of root keys from before a change lie in the folder as well, and open nothing that is waited for.
    if (waitingFor !== undefined && unsealed[waitingFor.id] === undefined && waitingFor.id !== parameters.id) {
      return {
        state: stateOf(waitingFor),
        refusal: `this is a share of the root key ${parameters.id}; the server waits for those of ${waitingFor.id}`,
      }
    }
    if (unsealed[parameters.id] !== undefined) return { state: stateOf(parameters) }
    const { id: rootKeyId, threshold } = parameters
    const collector = collectorOf(parameters)
    const collected = await collector.add(share)
    clearTimeout(forgetting)
    forgetting = setTimeout(forgetAll, UNSEAL_SHARES_KEPT_MS).unref()
    if (collected.outcome === 'given before') {
      return { state: stateOf(parameters), refusal: 'this share was given before; another one is needed' }
    }
    if (collected.outcome === 'do not fit') {
      log.warn({ rootKeyId }, 'shares of the root key do not fit together, and were forgotten')
      return {
        state: stateOf(parameters),
        refusal: 'the shares do not fit together; all of them were forgotten, so start again',
      }
    }
    if (collected.outcome === 'complete') {
      unsealed[rootKeyId] = collected.secret.toString('hex')
      collected.secret.fill(0)
      collectors.delete(rootKeyId)
      log.info({ rootKeyId }, 'the root key was unsealed')
      for (const listener of listeners) listener(rootKeyId)
    } else log.info({ rootKeyId, given: collector.given, threshold }, 'a share of the root key was given')
    return { state: stateOf(parameters) }
  }

  return {
    unsealed,
    take(text) {
      const taken = last.then(() => (text === undefined ? { state: waitingFor && stateOf(waitingFor) } : add(text)))
      last = taken.catch(() => {})
      return taken
    },
    wait(parameters) {
      waitingFor = parameters
      return new Promise((resolve) => {
        listeners.push((rootKeyId) => {
          if (rootKeyId === parameters.id) resolve(unsealed[rootKeyId]!)
        })
      })
    },
    onUnsealed: (listener) => void listeners.push(listener),
    close: forgetAll,
  }
}
