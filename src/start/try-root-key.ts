/** Whether a root key that is far away does what nothing could do without it. */
import { type RootKey, RootKeyError } from '../crypto/root-key/root-key.ts'

/** @throws {RootKeyError} if it does not wrap and unwrap for us. */
export async function tryRootKey(rootKey: RootKey): Promise<void> {
  const [secret, aad] = [Buffer.from('keyhold'), Buffer.from('trial')]
  const opened = await rootKey.unwrap(await rootKey.wrap(secret, aad), aad)
  if (!opened.equals(secret)) throw new RootKeyError('The root key gives back something else than it was given.')
}
