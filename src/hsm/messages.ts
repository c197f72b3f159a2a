/** What a node says to the process that has a PKCS #11 library loaded, and what that answers. */
import type { TokenName } from './hsm-cluster.ts'

/** What a token says of itself. */
export interface TokenState {
  readonly label: string
  readonly serial: string
  readonly manufacturer: string
  readonly isInitialized: boolean
  readonly hasUserPin: boolean
  readonly isPinLocked: boolean
  /** The next wrong password locks the user out. */
  readonly isFinalTry: boolean
  /** AES keys are made, and AES-GCM works with 32-byte keys. */
  readonly hasGcm: boolean
  /** Message keys can be derived as suite 0x03 does. */
  readonly canDerive: boolean
}

export interface KeyInToken {
  /** CKA_ID */
  readonly id: Buffer
}

export interface TokenMessage extends KeyInToken {
  readonly iv: Buffer
  readonly aad: Buffer
  /** Of suite 0x03. */
  readonly derivationData: Buffer | undefined
  readonly data: Buffer
}

/** A key that somebody else may have made. */
export interface LabelledKey extends KeyInToken {
  /** AES with 256 bits, which encrypts and decrypts. */
  readonly isUsable: boolean
  /** The token made it, and it never was, and never can be, anywhere else. */
  readonly isHidden: boolean
}

/** Name of a command → what it takes, and what it answers. */
export interface Commands {
  /** First of all. */
  load: {
    takes: { readonly module: string; readonly gcmParameters: 'v2.40' | 'v2.30' }
    gives: undefined
  }
  /** All tokens that are present, whoever they belong to. */
  allTokens: { takes: undefined; gives: readonly TokenState[] }
  /** For each name the tokens of that name: one, if all is well. */
  findTokens: { takes: { readonly names: readonly TokenName[] }; gives: readonly (readonly TokenState[])[] }
  /** The first of `pins` that the first token accepts is used for all. Opens the sessions. */
  login: {
    takes: { readonly names: readonly TokenName[]; readonly pins: readonly string[]; readonly sessionsMax: number }
    gives: { readonly pin: number; readonly tokens: number; readonly canDerive: boolean }
  }
  setPin: { takes: { readonly from: string; readonly to: string }; gives: undefined }
  /** Makes a key, encrypts and decrypts with it, and forgets it. */
  selfTest: { takes: undefined; gives: undefined }
  /** How many tokens work. */
  countTokens: { takes: undefined; gives: number }
  /** Those of `ids` that are no key's, or several keys'. */
  findMissing: { takes: { readonly ids: readonly Buffer[] }; gives: readonly Buffer[] }
  /** The secret keys of this label. */
  keysLabelled: { takes: { readonly label: string }; gives: readonly LabelledKey[] }
  generateKey: { takes: KeyInToken & { readonly label: string; readonly derives: boolean }; gives: undefined }
  /** @see {@link KeyProblem} */
  destroyKey: { takes: KeyInToken & { readonly label: string }; gives: { readonly keyHandle: string } }
  encrypt: { takes: TokenMessage; gives: Buffer }
  decrypt: { takes: TokenMessage; gives: Buffer }
  random: { takes: { readonly length: number }; gives: Buffer }
}

export type CommandName = keyof Commands

export interface Request {
  readonly id: number
  readonly name: CommandName
  readonly takes: unknown
}

/** What goes wrong without a PKCS #11 error. */
export type KeyProblem =
  | 'KEY_MISSING'
  | 'KEY_AMBIGUOUS'
  | 'KEY_EXPOSED'
  | 'INVALID_CIPHERTEXT'
  | 'NO_FREE_SESSION'
  | 'NO_PACKAGE'
  | 'NO_LIBRARY'
  | 'NO_TOKEN'

export interface Failure {
  /** A {@link KeyProblem}, `CKR_…`, or the message of a bug. */
  readonly code: string
  readonly message: string
}

export type Reply =
  | { readonly id: number; readonly gives: unknown; readonly failure?: undefined }
  | { readonly id: number; readonly failure: Failure }

/** Carries a {@link Failure} from where it happens to where it is judged. */
export class HsmError extends Error {
  readonly code: string

  constructor(code: string, message = code) {
    super(message)
    this.name = 'HsmError'
    this.code = code
  }
}
