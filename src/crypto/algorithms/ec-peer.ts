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
  const key = parse(spki)
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== openSslName) throw invalidPeer()
  const strict = POINT_FORMS.some((form) => encode(key, namedCurve, form).equals(spki))
  if (!strict) throw invalidPeer()
  return key
}

function parse(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch (cause) {
    throw invalidPeer(cause)
  }
}

function encode(key: KeyObject, namedCurve: string, form: (typeof POINT_FORMS)[number]): Buffer {
  const point = key.export({ format: 'raw-public', type: form })
  const named = createPublicKey({ key: point, format: 'raw-public', asymmetricKeyType: 'ec', namedCurve })
  return named.export({ format: 'der', type: 'spki' })
}
