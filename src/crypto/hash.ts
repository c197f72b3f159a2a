/** SHA-256 and HMAC-SHA-256 (FIPS 180-4, FIPS 198-1), comparison in constant time. */
import { createHmac, hash, type KeyObject, timingSafeEqual } from 'node:crypto'

export function sha256(data: Uint8Array | string): Buffer {
  return hash('sha256', data, 'buffer')
}

/** Lower-case hex. The one-shot form is several times faster than a Hash object for short input. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex')
}

export function hmacSha256(key: KeyObject | Uint8Array, data: Uint8Array | string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

/** As Latin-1 text, a character for each byte: cheaper to make than a Buffer; not for a key, which could not be wiped. */
export function hmacSha256Latin1(key: KeyObject | Uint8Array, data: Uint8Array | string): string {
  return createHmac('sha256', key).update(data).digest('latin1')
}

/** Lower-case hex: cheaper to make than a Buffer, for signatures that are checked on every request. */
export function hmacSha256Hex(key: KeyObject | Uint8Array, data: Uint8Array | string): string {
  return createHmac('sha256', key).update(data).digest('hex')
}

/** False for different lengths, which are public here. */
export function equalInConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}
