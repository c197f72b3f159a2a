/** A password for the crypto user that nobody knows (HU-4). */
import type { RandomSource } from '../crypto/random.ts'

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const LENGTH = 32
/** The largest multiple of the number of characters: bytes from there on would favour the first ones. */
const FAIR_BELOW = 256 - (256 % CHARACTERS.length)

/** 190 bits. */
export function newPassword(random: RandomSource): string {
  let password = ''
  while (password.length < LENGTH) {
    for (const byte of random.keyBytes(LENGTH)) {
      if (byte < FAIR_BELOW && password.length < LENGTH) password += CHARACTERS[byte % CHARACTERS.length]
    }
  }
  return password
}
