/** Names of accounts, users and access keys in AWS's formats (authorization.md 6.1). */
import type { RandomSource } from '../../crypto/random.ts'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const ACCOUNT_DIGITS = 12
/** Sets the top bit of 40, so that the encoded account always has eight characters. */
const ACCOUNT_OFFSET = 549_755_813_888n
const ENCODED_ACCOUNT_CHARS = 8
const UNIQUE_ID_RANDOM_CHARS = 17
const ACCESS_KEY_RANDOM_CHARS = 7
const SECRET_BYTES = 30

/** 12 random digits, never with a zero in front: programs that read account ids as numbers would lose it. */
export function randomAccount(random: RandomSource): string {
  const least = 10n ** BigInt(ACCOUNT_DIGITS - 1)
  // 64 random bits over 9 · 10^11 values: the bias is below 2^-24, and an account id is no secret.
  const drawn = random.nonce(8).readBigUInt64BE()
  return String(least + (drawn % (9n * least)))
}

/** What a unique id begins with. */
const UNIQUE_ID_PREFIXES = { user: 'AIDA', role: 'AROA', group: 'AGPA', policy: 'ANPA' } as const

/** 21 characters, never used again: `AIDA…` for a user. */
export function uniqueIdOf(kind: keyof typeof UNIQUE_ID_PREFIXES, random: RandomSource): string {
  return `${UNIQUE_ID_PREFIXES[kind]}${randomBase32(random, UNIQUE_ID_RANDOM_CHARS)}`
}

/**
 * 20 characters: `AKIA` (`ASIA` for temporary ones), the half of the account in base32, and random ones, of which the first tells an odd account from
 * an even one.
 */
export function accessKeyIdOf(account: string, random: RandomSource, prefix: 'AKIA' | 'ASIA' = 'AKIA'): string {
  const number = BigInt(account)
  const encoded = base32(number / 2n + ACCOUNT_OFFSET)
  const odd = Number(number % 2n)
  const [first, ...others] = randomBase32(random, ACCESS_KEY_RANDOM_CHARS + 1)
  const parity = BASE32[odd * 16 + (BASE32.indexOf(first!) % 16)]
  return `${prefix}${encoded}${parity}${others.join('')}`
}

const ACCESS_KEY_ID = /^A[KS]IA[A-Z2-7]{16}$/

/** The account in an access key id; `undefined` if the text is none of AWS's form. */
export function accountOfAccessKeyId(accessKeyId: string): string | undefined {
  if (!ACCESS_KEY_ID.test(accessKeyId)) return undefined
  let encoded = 0n
  for (const char of accessKeyId.slice(4, 4 + ENCODED_ACCOUNT_CHARS))
    encoded = encoded * 32n + BigInt(BASE32.indexOf(char))
  const odd = BASE32.indexOf(accessKeyId[4 + ENCODED_ACCOUNT_CHARS]!) >= 16 ? 1n : 0n
  const account = (encoded - ACCOUNT_OFFSET) * 2n + odd
  const digits = account < 0n ? '' : String(account).padStart(ACCOUNT_DIGITS, '0')
  return digits.length === ACCOUNT_DIGITS ? digits : undefined
}

/** 40 characters of `[A-Za-z0-9+/]`. */
export function secretAccessKey(random: RandomSource): string {
  return random.keyBytes(SECRET_BYTES).toString('base64')
}

/** 32 divides 256, so every character is equally likely. */
function randomBase32(random: RandomSource, length: number): string {
  return Array.from(random.nonce(length), (byte) => BASE32[byte % 32]).join('')
}

function base32(value: bigint): string {
  let text = ''
  for (let rest = value; rest > 0n; rest /= 32n) text = BASE32[Number(rest % 32n)] + text
  return text
}
