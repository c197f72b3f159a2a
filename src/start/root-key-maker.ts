/** What can be done with a root key of one provider and its file in a data folder; one file here per provider. */
import type { RootKey } from '../crypto/root-key/root-key.ts'
import type { RootKeyChoice } from './root-key-choice.ts'

export interface RootKeyMaker {
  /** Another root key, and a proof that it works; nothing is bound to it before it is saved. @throws {OperatorError | RootKeyError} */
  make(choice: RootKeyChoice): Promise<MadeRootKey>
  /** @throws {OperatorError | RootKeyError} if the file, or what it needs besides, is not there or is of no use. */
  open(path: string, choice: RootKeyChoice): Promise<RootKey>
  /** The root key's id, where that is known before it is opened. */
  idIn?(path: string): string
  /** A flag that was given and is of no use to other providers. */
  namedBy?(choice: RootKeyChoice): string | undefined
  /** @throws {UsageError} if the operator names another key than the file does. */
  checkNamed?(path: string, choice: RootKeyChoice): void
}

export interface MadeRootKey {
  readonly rootKey: RootKey
  /** What opens it again is on stable storage when this returns. */
  save(path: string): void
}
