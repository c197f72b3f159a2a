/** All providers of root keys, by their names. */
import { fileRootKeys } from './file-root-key.ts'
import { kmsRootKeys } from './kms-root-key.ts'
import { passphraseRootKeys } from './passphrase-root-key.ts'
import { pkcs11RootKeys } from './pkcs11-root-key.ts'
import type { RootKeyProvider } from './root-key-files.ts'
import type { RootKeyMaker } from './root-key-maker.ts'
import { sharesRootKeys } from './shares-root-key.ts'

export const ROOT_KEY_MAKERS: Readonly<Record<RootKeyProvider, RootKeyMaker>> = Object.freeze({
  file: fileRootKeys,
  passphrase: passphraseRootKeys,
  kms: kmsRootKeys,
  pkcs11: pkcs11RootKeys,
  shares: sharesRootKeys,
})
