/**
 * The HSM that has a root key, for one process: its library runs as those of custom key stores do, logged in when the root key is needed
 * and for a moment after it. What fails is said to the operator, because no caller of the API waits for it.
 */
import { HSM_ROOT_KEY_IDLE_MS } from '../base/limits.ts'
import { IV_BYTES } from '../crypto/aead.ts'
import type { HsmKeyCalls } from '../crypto/root-key/hsm-root-key.ts'
import { RootKeyError, SecretRefusedError } from '../crypto/root-key/root-key.ts'
import { isLostLogin } from './failures.ts'
import type { TokenName } from './hsm-cluster.ts'
import { HsmError, type LabelledKey, type TokenState } from './messages.ts'
import type { ModuleClient } from './module-client.ts'
import { type FoundTokens, openTokens } from './open-tokens.ts'

export interface RootKeyPlace {
  /** Path of the PKCS #11 library. */
  readonly module: string
  /** All of them hold the same key: their vendor sees to that. */
  readonly tokens: readonly TokenName[]
  readonly keyLabel: string
}

/** All of them throw {@link RootKeyError}. */
export interface RootKeyHsm {
  keysLabelled(): Promise<readonly LabelledKey[]>
  /** Makes one of the label. @param keyId CKA_ID */
  makeKey(keyId: Buffer): Promise<void>
  callsOf(keyId: Buffer): HsmKeyCalls
  /** @throws {RootKeyError} unless the key is there. */
  checkKey(keyId: Buffer): Promise<void>
}

/**
 * HU-3: a token locks its user out after a few wrong ones, whoever gives them. By library and tokens: each time that the root key is opened
 * anew in this process, the one that was refused last is still known.
 */
const refusedPins = new Map<string, string>()

/** @param readPin of now: it may have been changed. */
export function rootKeyHsm(place: RootKeyPlace, readPin: () => string): RootKeyHsm {
  const { module, tokens: names, keyLabel } = place
  let client: ModuleClient | undefined
  let idle: NodeJS.Timeout | undefined
  /** One thing after the other, in one session. */
  let last: Promise<unknown> = Promise.resolve()
  const tokens = JSON.stringify([module, names])

  async function logIn(): Promise<ModuleClient> {
    const pin = readPin()
    if (pin === refusedPins.get(tokens)) throw refused('it was wrong before, and is not tried again')
    try {
      return await openTokens({ module, gcmParameters: 'v2.40', environment: {} }, names, async (opened, found) => {
        opened.unref()
        checkTokens(found)
        await opened.call('login', { names, pins: [pin], sessionsMax: 1 })
        refusedPins.delete(tokens)
        return opened
      })
    } catch (error) {
      if (!(error instanceof HsmError) || !WRONG_PINS.has(error.code)) throw error
      refusedPins.set(tokens, pin)
      throw refused(error.code)
    }
  }

  function refused(why: string): SecretRefusedError {
    return new SecretRefusedError(`The HSM refuses the PIN for the root key ${nameOf(place)}: ${why}.`)
  }

  function checkTokens(found: FoundTokens): void {
    const several = names.find((_, index) => found[index]!.length > 1)
    if (several !== undefined)
      throw unusable(`several tokens are called ${tokenText(several)}; name one by serial=NUMBER`)
    const present = found.flat().filter(({ isInitialized }) => isInitialized)
    if (present.length === 0) throw unusable(`there is no token ${names.map(tokenText).join(' or ')} in ${module}`)
    for (const token of present) {
      const fault = faultOf(token)
      if (fault !== undefined) throw unusable(fault)
    }
  }

  function unusable(why: string, cause?: unknown): RootKeyError {
    return new RootKeyError(`Cannot use the root key ${nameOf(place)}: ${why}.`, { cause })
  }

  function explained(error: unknown): unknown {
    if (!(error instanceof HsmError) || error.code === 'BUG') return error
    return unusable(TEXTS[error.code] ?? error.message.replace(/\n[\s\S]*$/, ''), error)
  }

  async function withLogin<T>(work: (client: ModuleClient) => Promise<T>): Promise<T> {
    clearTimeout(idle)
    const wasOpen = client?.isAlive === true
    try {
      if (!wasOpen) client = await logIn()
      return await work(client!)
    } catch (error) {
      if (error instanceof HsmError && !KEEPS_LOGIN.has(error.code)) await end()
      // One that ended between two calls is no failure yet.
      if (wasOpen && isLostLogin(error)) return await withLogin(work)
      throw error
    } finally {
      clearTimeout(idle)
      idle = setTimeout(end, HSM_ROOT_KEY_IDLE_MS).unref()
    }
  }

  async function end(): Promise<void> {
    const ended = client
    client = undefined
    await ended?.close()
  }

  async function inTurn<T>(work: (client: ModuleClient) => Promise<T>): Promise<T> {
    const done = last.then(() => withLogin(work))
    last = done.catch(() => {})
    try {
      return await done
    } catch (error) {
      throw explained(error)
    }
  }

  return {
    keysLabelled: () => inTurn((client) => client.call('keysLabelled', { label: keyLabel })),
    makeKey: (id) => inTurn((client) => client.call('generateKey', { id, label: keyLabel, derives: false })),
    callsOf: (id) => ({
      encrypt: (iv, aad, data) =>
        inTurn((client) => client.call('encrypt', { id, iv, aad, derivationData: undefined, data })),
      decrypt: (iv, aad, data) =>
        inTurn((client) => client.call('decrypt', { id, iv, aad, derivationData: undefined, data })),
    }),
    checkKey: (id) =>
      inTurn(async (client) => {
        if ((await client.call('findMissing', { ids: [id] })).length === 0) return
        // Or there are several of them, which shows when one is to be used; this opens nothing by any key.
        const nothing = { id, iv: Buffer.alloc(IV_BYTES), aad: EMPTY, derivationData: undefined, data: EMPTY }
        await client.call('decrypt', nothing).catch((error) => {
          if (error instanceof HsmError && error.code === 'KEY_AMBIGUOUS') throw error
        })
        throw new HsmError('KEY_MISSING')
      }),
  }
}

function nameOf({ keyLabel, tokens }: RootKeyPlace): string {
  return `'${keyLabel}' in the HSM (token ${tokens.map(tokenText).join(', ')})`
}

function tokenText(name: TokenName): string {
  return 'serial' in name ? `serial=${name.serial}` : `'${name.label}'`
}

/** @returns why no login is to be tried. */
function faultOf({ label, hasUserPin, isPinLocked, isFinalTry, hasGcm }: TokenState): string | undefined {
  if (!hasUserPin) return `token '${label}' has no user PIN yet`
  if (isPinLocked) return `the user PIN of token '${label}' is locked; its security officer can set another`
  if (!hasGcm) return `token '${label}' lacks CKM_AES_KEY_GEN, or CKM_AES_GCM for 32-byte keys`
  return isFinalTry
    ? `the next wrong PIN locks the user of token '${label}'; log in once with a tool of its vendor, to be sure of it`
    : undefined
}

const WRONG_PINS: ReadonlySet<string> = new Set([
  'CKR_PIN_INCORRECT',
  'CKR_PIN_INVALID',
  'CKR_PIN_LEN_RANGE',
  'CKR_PIN_EXPIRED',
  'CKR_PIN_LOCKED',
])

const EMPTY = Buffer.alloc(0)

/** What says something of a key, or of a message, and nothing of the connection. */
const KEEPS_LOGIN: ReadonlySet<string> = new Set(['KEY_MISSING', 'KEY_AMBIGUOUS', 'KEY_EXPOSED', 'INVALID_CIPHERTEXT'])

const TEXTS: Readonly<Record<string, string>> = {
  KEY_MISSING: 'the key is not there; bring it back from a backup of the HSM, every key here is lost without it',
  KEY_AMBIGUOUS: 'several keys have its CKA_ID; leave one of them',
  KEY_EXPOSED: 'the token makes keys that can be read, or that it does not make itself',
  INVALID_CIPHERTEXT: 'it is not the one that this store is under',
  CKR_KEY_FUNCTION_NOT_PERMITTED: 'the token does not permit to encrypt or decrypt by it',
}
