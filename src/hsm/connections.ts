/**
 * This node's connections to the clusters of its stores: one process with the library for each store, opened when it is first needed,
 * and what becomes of a call when something below fails (keystores.md 2.3, 2.7).
 */
import { HSM_RECONNECT_MS_MAX, HSM_RECONNECT_MS_MIN } from '../base/limits.ts'
import { type CloudHsmKeyStore, type KeyStoreName, keyStoreRef } from '../domain/key-stores/custom-key-store.ts'
import { ConnectionError } from '../domain/key-stores/key-store-backend.ts'
import type { ConnectionServices } from './connection-services.ts'
import { callFailure, isLostLogin, isLostTokens } from './failures.ts'
import { type OpenLogin, openLogin } from './login.ts'
import { type CommandName, type Commands, HsmError } from './messages.ts'

export interface Connections {
  /** As the node that connects the store for all: may replace the password. @throws {ConnectionError} */
  connect(store: CloudHsmKeyStore): Promise<void>
  /** @throws {KmsError} `KMSInvalidStateException`, or `KMSInternalException` where trying again may help; {@link HsmError} `INVALID_CIPHERTEXT`. */
  call<Name extends CommandName>(
    store: CloudHsmKeyStore,
    name: Name,
    takes: Commands[Name]['takes'],
  ): Promise<Commands[Name]['gives']>
  status(store: CloudHsmKeyStore): Promise<{ readonly tokens: number; readonly canDerive: boolean }>
  close(name: KeyStoreName): Promise<void>
  closeAll(): Promise<void>
}

/** The connection of one attempt to connect the store: the next attempt begins anew. */
interface Link {
  readonly attempt: number
  login: Promise<OpenLogin> | undefined
  /** What `login` came to. */
  open: OpenLogin | undefined
  /** Until a new login has been tried in the background, nobody waits for one. */
  retry: NodeJS.Timeout | undefined
  /** That is being tried now. */
  retrying: Promise<void> | undefined
  /** Before the next one. */
  pauseMs: number
  /** The HSM no longer accepts the password: it is not tried again before somebody connects the store anew (HU-3). */
  isRefused: boolean
  /** Nothing is opened for it any more. */
  isEnded: boolean
}

export function createConnections(services: ConnectionServices): Connections {
  const { log } = services
  const links = new Map<string, Link>()

  function linkTo(store: CloudHsmKeyStore): Link {
    const ref = keyStoreRef(store)
    const known = links.get(ref)
    // Whoever has not heard of the newest attempt yet gets its connection all the same.
    if (known !== undefined && known.attempt >= store.attempt) return known
    if (known !== undefined) void end(known)
    const link: Link = {
      attempt: store.attempt,
      login: undefined,
      open: undefined,
      retry: undefined,
      retrying: undefined,
      pauseMs: HSM_RECONNECT_MS_MIN,
      isRefused: false,
      isEnded: false,
    }
    links.set(ref, link)
    return link
  }

  /** The login of the link, or a new one, which all callers share that find it missing. */
  async function loginOf(store: CloudHsmKeyStore, link: Link): Promise<OpenLogin> {
    for (let login = link.login; login !== undefined; login = link.login) {
      const known = await login.catch(() => undefined)
      if (known?.client.isAlive) return known
      if (link.login === login) link.login = undefined
    }
    if (link.isEnded) throw disconnected()
    if (link.isRefused || link.retry !== undefined) {
      throw new HsmError('NO_TOKEN', 'the connection waits to be made again')
    }
    link.login = openAgain(store, link)
    return link.login
  }

  async function openAgain(store: CloudHsmKeyStore, link: Link): Promise<OpenLogin> {
    try {
      link.open = await openLogin(services, store, 'again')
      link.pauseMs = HSM_RECONNECT_MS_MIN
      return link.open
    } catch (error) {
      link.isRefused = error instanceof ConnectionError && error.code === 'INVALID_CREDENTIALS'
      log.error({ customKeyStoreId: store.storeId, err: error }, 'cannot connect to the HSMs of a custom key store')
      retryLater(store, link)
      throw error
    }
  }

  /** keystores.md 2.7: in the background, so that an HSM that is back serves the next call, and none waits for one that is not. */
  function retryLater(store: CloudHsmKeyStore, link: Link): void {
    if (link.isEnded || link.isRefused) return
    const attempt = () => {
      link.retrying = retry(store, link)
    }
    link.retry = setTimeout(attempt, link.pauseMs).unref()
    link.pauseMs = Math.min(link.pauseMs * 2, HSM_RECONNECT_MS_MAX)
  }

  async function retry(store: CloudHsmKeyStore, link: Link): Promise<void> {
    const timer = link.retry
    const login = openAgain(store, link)
    try {
      const { client } = await login
      // Connected anew meanwhile.
      if (link.retry !== timer) return void client.close()
      link.login = login
      log.info({ customKeyStoreId: store.storeId }, 'the HSMs of a custom key store can be reached again')
    } catch {
      // It is logged, and tried again later.
    }
    if (link.retry === timer) link.retry = undefined
  }

  /** No token of this login works any more: it is given up, and another is made in a moment. */
  function giveUp(store: CloudHsmKeyStore, link: Link, login: OpenLogin, cause: HsmError): void {
    if (link.open === login) {
      link.open = undefined
      retryLater(store, link)
    }
    void login.client.close(cause)
  }

  async function end(link: Link): Promise<void> {
    link.isEnded = true
    clearTimeout(link.retry)
    await link.retrying
    const login = await link.login?.catch(() => undefined)
    await login?.client.close(disconnected())
  }

  /** One silent new login, if this one was lost on the way. */
  async function callOnce<Name extends CommandName>(
    store: CloudHsmKeyStore,
    name: Name,
    takes: Commands[Name]['takes'],
  ) {
    // Its key was usable a moment ago; a login now would outlast the disconnection.
    if (store.connectionState !== 'CONNECTED') throw disconnected()
    const link = linkTo(store)
    const login = await loginOf(store, link)
    try {
      return await login.client.call(name, takes)
    } catch (error) {
      if (isLostTokens(error)) giveUp(store, link, login, error)
      if (!isLostLogin(error)) throw error
      await login.client.close()
      return await (await loginOf(store, link)).client.call(name, takes)
    }
  }

  return {
    async connect(store) {
      const link = linkTo(store)
      clearTimeout(link.retry)
      link.retry = undefined
      link.login = openLogin(services, store, 'for all')
      link.open = await link.login
    },
    async call(store, name, takes) {
      try {
        return await callOnce(store, name, takes)
      } catch (error) {
        throw callFailure(error, store, log)
      }
    },
    async status(store) {
      try {
        const tokens = await callOnce(store, 'countTokens', undefined)
        const { canDerive } = await loginOf(store, linkTo(store))
        return { tokens, canDerive }
      } catch (error) {
        throw callFailure(error, store, log)
      }
    },
    async close(name) {
      const ref = keyStoreRef(name)
      const link = links.get(ref)
      links.delete(ref)
      if (link !== undefined) await end(link)
    },
    async closeAll() {
      const all = [...links.values()]
      links.clear()
      await Promise.all(all.map(end))
    },
  }
}

function disconnected(): HsmError {
  return new HsmError('DISCONNECTED', 'the custom key store was disconnected')
}
