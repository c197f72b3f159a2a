/** Names a public key in certificates (RFC 5280, section 4.2.1.2, method 1); a name, so SHA-1 will do. */
import { hash, type KeyObject } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { SubjectPublicKeyInfo } from '@peculiar/asn1-x509'

/** SHA-1 of the subjectPublicKey bits, 20 bytes. */
export function keyIdentifier(publicKey: KeyObject): Buffer {
  const spki = AsnConvert.parse(publicKey.export({ format: 'der', type: 'spki' }), SubjectPublicKeyInfo)
  return hash('sha1', new Uint8Array(spki.subjectPublicKey), 'buffer')
}
