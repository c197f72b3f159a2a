/** The other side's public key of a key agreement: strict SPKI DER (RFC 5480), so that no check can be argued around. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { invalidPeer } from './key-spec.ts'

const POINT_FORMS = ['uncompressed', 'compressed'] as const

/**
 * OpenSSL refuses points that are not on the curve; cofactor 1 leaves no small subgroup. It is lax about bytes after the end
 * and about spelled-out curve parameters, so the key must be byte for byte what its point on the named curve is encoded as.
 *
 * @throws {KmsError} `ValidationException` without text.
 */
export function openPeer(spki: Uint8Array, namedCurve: string, openSslName: string): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    if (isStrict(key, spki, namedCurve, openSslName)) return key
  } catch (cause) {
    // Also for the point at infinity, which OpenSSL reads and then cannot write.
    throw invalidPeer(cause)
  }
  throw invalidPeer()
}

function isStrict(key: KeyObject, spki: Uint8Array, namedCurve: string, openSslName: string): boolean {
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== openSslName) return false
  return POINT_FORMS.some((form) => encode(key, namedCurve, form).equals(spki))
}

function encode(key: KeyObject, namedCurve: string, form: (typeof POINT_FORMS)[number]): Buffer {
  const point = key.export({ format: 'raw-public', type: form })
  const named = createPublicKey({ key: point, format: 'raw-public', asymmetricKeyType: 'ec', namedCurve })
  return named.export({ format: 'der', type: 'spki' })
}
