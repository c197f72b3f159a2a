/** The tokens of a cluster in this process, used in turn; one that fails is left out until the next login (keystores.md 2.3, step 9). */
import type { TokenName } from './hsm-cluster.ts'
import { type Commands, HsmError } from './messages.ts'
import type { Handle, Pkcs11Library } from './pkcs11.ts'
import { openToken, type Token } from './token.ts'
import { type FoundToken, presentTokens, tokensNamed } from './token-states.ts'

export interface ClusterSession {
  readonly canDerive: boolean
  /** Of the pins that were given, the one that was right. */
  readonly pin: number
  count(): number
  /** With the next token that works. @throws {HsmError} `NO_TOKEN` if none is left. */
  withToken<T>(work: (token: Token) => Promise<T>): Promise<T>
  /** With every token. */
  withAll(work: (token: Token) => Promise<void> | void): Promise<void>
}

/** @throws what the last token that refused the login threw, if none accepts it. */
export function openCluster(
  library: Pkcs11Library,
  { names, pins, sessionsMax }: Commands['login']['takes'],
): ClusterSession {
  const { binding } = library
  const present = presentTokens(library)
  const found = names.flatMap((name: TokenName) => onlyOne(tokensNamed(present, name)))
  const { session: first, pin } = logInWithAny(library, found, pins)
  const tokens = found.map((token, index) =>
    openToken(library, token.slot, index === 0 ? first : logIn(library, token, pins[pin]!), sessionsMax),
  )
  let working: readonly Token[] = tokens
  let turn = 0

  const LOST: ReadonlySet<number> = new Set([
    binding.CKR_DEVICE_ERROR,
    binding.CKR_DEVICE_REMOVED,
    binding.CKR_DEVICE_MEMORY,
    binding.CKR_TOKEN_NOT_PRESENT,
    binding.CKR_TOKEN_NOT_RECOGNIZED,
  ])

  return {
    canDerive: found.every(({ state }) => state.canDerive),
    pin,
    count: () => working.length,
    async withToken(work) {
      for (;;) {
        const token = working[turn++ % Math.max(working.length, 1)]
        if (token === undefined) throw new HsmError('NO_TOKEN', 'no token of the cluster works')
        try {
          return await work(token)
        } catch (error) {
          if (!LOST.has((error as { code?: number }).code ?? 0)) throw error
          working = working.filter((other) => other !== token)
          if (working.length === 0) throw error
        }
      }
    },
    async withAll(work) {
      for (const token of working) await work(token)
    },
  }
}

/** A label that several tokens have names none. */
function onlyOne(tokens: readonly FoundToken[]): readonly FoundToken[] {
  return tokens.length === 1 && tokens[0]!.state.isInitialized ? tokens : []
}

function logInWithAny(library: Pkcs11Library, [first]: readonly FoundToken[], pins: readonly string[]) {
  if (first === undefined) throw new HsmError('NO_TOKEN', 'no token of the cluster is present')
  for (let pin = 0; ; pin++) {
    try {
      return { session: logIn(library, first, pins[pin]!), pin }
    } catch (error) {
      const isWrong = (error as { code?: number }).code === library.binding.CKR_PIN_INCORRECT
      if (!isWrong || pin + 1 === pins.length) throw error
    }
  }
}

/** One attempt (HU-3). @returns the session, which is not one of the pool. */
function logIn({ binding, module }: Pkcs11Library, { slot }: FoundToken, pin: string): Handle {
  const session = module.C_OpenSession(slot, binding.CKF_SERIAL_SESSION | binding.CKF_RW_SESSION)
  try {
    module.C_Login(session, binding.CKU_USER, pin)
    return session
  } catch (error) {
    module.C_CloseSession(session)
    throw error
  }
}
