/**
 * CiphertextForRecipient: CMS EnvelopedData (RFC 5652, section 6) with one recipient, RSAES-OAEP with SHA-256 (RFC 4055,
 * section 4.1) for the content key, AES-256-CBC for the content.
 *
 * ```
 * ContentInfo            SEQUENCE, indefinite { envelopedData, [0] indefinite {
 *   EnvelopedData        SEQUENCE, indefinite { version 2,
 *     recipientInfos     SET { KeyTransRecipientInfo { version 2, [0] subjectKeyIdentifier, RSAES-OAEP, key } },
 *     EncryptedContentInfo SEQUENCE, indefinite { data, AES-256-CBC with IV, [0] indefinite { OCTET STRING } } } } }
 * ```
 *
 * BER with these indefinite lengths is what AWS sends, and the Nitro Enclaves SDK reads nothing else: its parser steps into
 * an element by consuming the header only, which it can do for an indefinite length alone.
 */
import { constants, createCipheriv, hash, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto'
import { KeyTransRecipientInfo, RecipientIdentifier } from '@peculiar/asn1-cms'
import { id_mgf1, id_RSAES_OAEP, id_sha256, RsaEsOaepParams } from '@peculiar/asn1-rsa'
import { AsnConvert, AsnSerializer, OctetString as Octets } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, SubjectKeyIdentifier } from '@peculiar/asn1-x509'
import { Set as AsnSet, type BaseBlock, Constructed, Integer, ObjectIdentifier, OctetString, Sequence } from 'asn1js'

const ENVELOPED_DATA = '1.2.840.113549.1.7.3'
const DATA = '1.2.840.113549.1.7.1'
const AES_256_CBC = '2.16.840.1.101.3.4.1.42'
/** Versions that go with a recipient named by key identifier (RFC 5652, sections 6.1 and 6.2.1). */
const VERSION = 2
const CONTENT_KEY_BYTES = 32
const CBC_IV_BYTES = 16
const CONTEXT_SPECIFIC = 3

/** @param publicKey the RSA key of a verified attestation document. @returns BER. */
export function encryptForRecipient(publicKey: KeyObject, plaintext: Uint8Array): Buffer {
  const contentKey = randomBytes(CONTENT_KEY_BYTES)
  const iv = randomBytes(CBC_IV_BYTES)
  const cipher = createCipheriv('aes-256-cbc', contentKey, iv)
  const content = Buffer.concat([cipher.update(plaintext), cipher.final()])
  const recipient = keyTransport(publicKey, contentKey)
  contentKey.fill(0)
  const encryptedContentInfo = indefinite([
    new ObjectIdentifier({ value: DATA }),
    new Sequence({ value: [new ObjectIdentifier({ value: AES_256_CBC }), new OctetString({ valueHex: iv })] }),
    indefiniteTag0([new OctetString({ valueHex: content })]),
  ])
  const envelopedData = indefinite([
    new Integer({ value: VERSION }),
    new AsnSet({ value: [AsnSerializer.toASN(recipient)] }),
    encryptedContentInfo,
  ])
  const message = indefinite([new ObjectIdentifier({ value: ENVELOPED_DATA }), indefiniteTag0([envelopedData])])
  return Buffer.from(message.toBER())
}

function keyTransport(publicKey: KeyObject, contentKey: Buffer): KeyTransRecipientInfo {
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const encryptedKey = publicEncrypt({ key: publicKey, padding, oaepHash: 'sha256' }, contentKey)
  return new KeyTransRecipientInfo({
    version: VERSION,
    rid: new RecipientIdentifier({ subjectKeyIdentifier: new SubjectKeyIdentifier(recipientIdentifier(publicKey)) }),
    keyEncryptionAlgorithm: new AlgorithmIdentifier({ algorithm: id_RSAES_OAEP, parameters: oaepParameters() }),
    encryptedKey: new Octets(encryptedKey),
  })
}

/** 32 bytes, as AWS sends: SHA-256 of the whole SubjectPublicKeyInfo (RFC 7093, section 2, method 4). */
function recipientIdentifier(publicKey: KeyObject): Buffer {
  return hash('sha256', publicKey.export({ format: 'der', type: 'spki' }), 'buffer')
}

/** Spelled out where the defaults are SHA-1; the label is the empty one, the default, and so must be left out. */
function oaepParameters(): ArrayBuffer {
  const hashAlgorithm = new AlgorithmIdentifier({ algorithm: id_sha256, parameters: null })
  return AsnConvert.serialize(
    new RsaEsOaepParams({
      hashAlgorithm,
      maskGenAlgorithm: new AlgorithmIdentifier({
        algorithm: id_mgf1,
        parameters: AsnConvert.serialize(hashAlgorithm),
      }),
    }),
  )
}

function indefinite(value: BaseBlock[]): Sequence {
  return new Sequence({ value, lenBlock: { isIndefiniteForm: true } })
}

function indefiniteTag0(value: BaseBlock[]): Constructed {
  const idBlock = { tagClass: CONTEXT_SPECIFIC, tagNumber: 0 }
  return new Constructed({ value, idBlock, lenBlock: { isIndefiniteForm: true } })
}
