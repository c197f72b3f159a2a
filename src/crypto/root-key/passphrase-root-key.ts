/** Root key provider `passphrase`: argon2id (RFC 9106) over the operator's passphrase; only the salt is stored. */
import { argon2 } from 'node:crypto'
import { promisify } from 'node:util'
import { localRootKey } from './local-root-key.ts'
import { type RootKey, RootKeyError } from './root-key.ts'

export interface PassphraseParameters {
  /** 16 random bytes. */
  readonly salt: Buffer
  /** KiB. */
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
}

/** RFC 9106 section 4, the second recommended option (64 MiB, 3 passes, 4 lanes). */
export const PASSPHRASE_DEFAULTS = Object.freeze({ memoryKib: 64 * 1024, passes: 3, parallelism: 4 })
export const SALT_BYTES = 16
export const PASSPHRASE_CHARS_MIN = 12

const derive = promisify(argon2)

/** A wrong passphrase shows at the first unwrap, not here: nothing is stored that it could be tested against faster. */
export async function openPassphraseRootKey(passphrase: string, parameters: PassphraseParameters): Promise<RootKey> {
  if (passphrase.length < PASSPHRASE_CHARS_MIN) {
    throw new RootKeyError(`The passphrase has fewer than ${PASSPHRASE_CHARS_MIN} characters. Choose a longer one.`)
  }
  const secret = await derive('argon2id', {
    message: Buffer.from(passphrase.normalize('NFKC')),
    nonce: parameters.salt,
    memory: parameters.memoryKib,
    passes: parameters.passes,
    parallelism: parameters.parallelism,
    tagLength: 32,
  })
  return localRootKey(secret)
}
