/** PKCS#8 (RFC 5208) as structure, for what node:crypto cannot say with its own encodings. */
import { PrivateKeyInfo } from '@peculiar/asn1-pkcs8'
import { AsnConvert } from '@peculiar/asn1-schema'

export function parsePrivateKeyInfo(der: Uint8Array): PrivateKeyInfo {
  return AsnConvert.parse(der, PrivateKeyInfo)
}

/** The caller wipes the result. */
export function encodePrivateKeyInfo(info: PrivateKeyInfo): Buffer {
  return Buffer.from(AsnConvert.serialize(info))
}
