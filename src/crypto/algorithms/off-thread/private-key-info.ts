/** PKCS#8 (RFC 5208) as structure, for what node:crypto cannot say with its own encodings. */
import type { KeyObject } from 'node:crypto'
import { PrivateKey, PrivateKeyInfo } from '@peculiar/asn1-pkcs8'
import { AsnConvert } from '@peculiar/asn1-schema'

export function parsePrivateKeyInfo(der: Uint8Array): PrivateKeyInfo {
  return AsnConvert.parse(der, PrivateKeyInfo)
}

/** The caller wipes the result. */
export function encodePrivateKeyInfo(info: PrivateKeyInfo): Buffer {
  return Buffer.from(AsnConvert.serialize(info))
}

/**
 * PKCS#8 of an EC key whose ECPrivateKey carries the optional curve parameters beside the public point, as AWS encodes data
 * key pairs (operations.md 4.5). SEC 1 form has both, PKCS#8 as OpenSSL writes it leaves the parameters out.
 */
export function withCurveParameters(key: KeyObject): Uint8Array {
  const info = parsePrivateKeyInfo(key.export({ format: 'der', type: 'pkcs8' }))
  info.privateKey = new PrivateKey(key.export({ format: 'der', type: 'sec1' }))
  return encodePrivateKeyInfo(info)
}
