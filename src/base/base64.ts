/** Base64 as AWS reads it: standard alphabet, padding required, no stray bits (operations.md 1.5). */

export class Base64Error extends Error {}

const WELL_FORMED = /^[A-Za-z0-9+/]*={0,2}$/
const FIRST_BAD = /[^A-Za-z0-9+/]/
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The message of a {@link Base64Error} is the second half of AWS's sentence. */
export function decodeBase64(text: string): Buffer {
  if (text.length % 4 !== 0) {
    throw new Base64Error(`Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`)
  }
  if (!WELL_FORMED.test(text)) throw new Base64Error(`Invalid Base64 character: '${firstBadCharacter(text)}'`)
  const pad = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  // With one '=' the last character carries 2 unused bits, with two '=' it carries 4: they must be zero.
  if (pad > 0 && ALPHABET.indexOf(text[text.length - pad - 1]!) % (pad === 1 ? 4 : 16) !== 0) {
    throw new Base64Error('Invalid last non-pad Base64 character dectected')
  }
  return Buffer.from(text, 'base64')
}

function firstBadCharacter(text: string): string {
  return FIRST_BAD.exec(text)?.[0] ?? '='
}
