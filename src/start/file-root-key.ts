/** Root key provider `file`, in a data folder: the file is the secret. */
import { newFileRootKey, openFileRootKey } from '../crypto/root-key/file-root-key.ts'
import type { RootKeyMaker } from './root-key-maker.ts'

export const fileRootKeys: RootKeyMaker = {
  make: async () => newFileRootKey(),
  open: async (path) => openFileRootKey(path),
}
