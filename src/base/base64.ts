/** Base64 as AWS reads it: standard alphabet, padding required, no stray bits (operations.md 1.5). */

export class Base64Error extends Error {}

const WELL_FORMED = /^[A-Za-z0-9+/]*={0,2}$/
const FIRST_BAD = /[^A-Za-z0-9+/]/

/** @throws {Base64Error} whose message is the second half of AWS's sentence. */
export function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  // Node reads leniently, but what it writes is the one spelling that is accepted.
  if (bytes.toString('base64') !== text) throw faultIn(text)
  return bytes
}

function faultIn(text: string): Base64Error {
  if (text.length % 4 !== 0) {
    return new Base64Error(`Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`)
  }
  if (!WELL_FORMED.test(text)) return new Base64Error(`Invalid Base64 character: '${firstBadCharacter(text)}'`)
  // With one '=' the last character carries 2 unused bits, with two '=' it carries 4: they must be zero.
  return new Base64Error('Invalid last non-pad Base64 character dectected')
}

function firstBadCharacter(text: string): string {
  return FIRST_BAD.exec(text)?.[0] ?? '='
}
