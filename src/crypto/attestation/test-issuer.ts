/**
 * Attestation documents of a root of our own, for development and tests: what an enclave would show, without an enclave.
 * They are worth nothing anywhere else, and nothing here unless the root is configured as a trusted one.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  Extensions,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import { encode } from 'cborg'
import { DAY_MS, HOUR_MS } from '../../base/clock.ts'
import { signCoseSign1 } from './cose-sign1.ts'
import { keyIdentifier } from './key-identifier.ts'

export interface TestDocument {
  /** Of the recipient, SPKI DER. */
  readonly publicKey: Uint8Array
  /** By index; 48 bytes of zeros for those of 0 to 4 and 8 that are not given, as in an enclave's debug mode. */
  readonly pcrs?: ReadonlyMap<number, Uint8Array>
  readonly moduleId?: string
  readonly userData?: Uint8Array
  readonly nonce?: Uint8Array
  /** Milliseconds since the epoch; its certificate is valid for three hours from then, as those of enclaves are. */
  readonly time: number
}

export interface TestIssuer {
  /** PEM. */
  readonly root: string
  /** PEM of the root and of its private key: what {@link openTestIssuer} takes. */
  readonly secret: string
  issue(document: TestDocument): Buffer
}

const ECDSA_WITH_SHA_384 = '1.2.840.10045.4.3.3'
const COMMON_NAME = '2.5.4.3'
const CURVE = 'P-384'
const SERIAL_BYTES = 16
const ROOT_DAYS = 3650
const DOCUMENT_HOURS = 3
const PCR_BYTES = 48
const PCRS_ALWAYS_THERE = [0, 1, 2, 3, 4, 8]

interface Issued {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly issuer: string
  readonly issuerKey: KeyObject
  readonly isCa: boolean
  readonly notBefore: number
  readonly notAfter: number
}

const ROOT_NAME = 'Keyhold development attestation root'

/** @param time milliseconds since the epoch, from which the root is valid. */
export function createTestIssuer(time: number): TestIssuer {
  const rootKeys = generateKeyPairSync('ec', { namedCurve: CURVE })
  const root = certificate({
    subject: ROOT_NAME,
    publicKey: rootKeys.publicKey,
    issuer: ROOT_NAME,
    issuerKey: rootKeys.privateKey,
    isCa: true,
    notBefore: time,
    notAfter: time + ROOT_DAYS * DAY_MS,
  })
  return issuerOf(root, rootKeys.privateKey)
}

/** The issuer whose {@link TestIssuer.secret} this is. @throws {Error} for text that is none. */
export function openTestIssuer(secret: string): TestIssuer {
  const root = new X509Certificate(secret)
  const key = createPrivateKey(secret)
  if (!root.checkPrivateKey(key)) throw new Error('its certificate and its private key are not of one pair')
  return issuerOf(root.raw, key)
}

function issuerOf(root: Uint8Array, key: KeyObject): TestIssuer {
  const pem = new X509Certificate(root).toString()
  return {
    root: pem,
    secret: pem + key.export({ format: 'pem', type: 'pkcs8' }),
    issue(document) {
      const keys = generateKeyPairSync('ec', { namedCurve: CURVE })
      const moduleId = document.moduleId ?? 'i-0123456789abcdef0-enc0123456789abcdef'
      const leaf = certificate({
        subject: moduleId,
        publicKey: keys.publicKey,
        issuer: ROOT_NAME,
        issuerKey: key,
        isCa: false,
        notBefore: document.time,
        notAfter: document.time + DOCUMENT_HOURS * HOUR_MS,
      })
      const payload = encode(fieldsOf(document, moduleId, leaf, root))
      return Buffer.from(signCoseSign1(payload, keys.privateKey))
    },
  }
}

function fieldsOf(document: TestDocument, moduleId: string, leaf: Uint8Array, root: Uint8Array): Map<string, unknown> {
  const pcrs = new Map<number, Uint8Array>()
  for (const index of PCRS_ALWAYS_THERE) pcrs.set(index, new Uint8Array(PCR_BYTES))
  for (const [index, pcr] of document.pcrs ?? []) pcrs.set(index, new Uint8Array(pcr))
  return new Map<string, unknown>([
    ['module_id', moduleId],
    ['digest', 'SHA384'],
    ['timestamp', document.time],
    ['pcrs', pcrs],
    ['certificate', leaf],
    ['cabundle', [root]],
    ['public_key', new Uint8Array(document.publicKey)],
    ['user_data', document.userData === undefined ? null : new Uint8Array(document.userData)],
    ['nonce', document.nonce === undefined ? null : new Uint8Array(document.nonce)],
  ])
}

/** @returns DER of an X.509 version 3 certificate. */
function certificate({ subject, publicKey, issuer, issuerKey, isCa, notBefore, notAfter }: Issued): Uint8Array {
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA_384 })
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: commonName(issuer),
    subject: commonName(subject),
    validity: new Validity({ notBefore: new Date(notBefore), notAfter: new Date(notAfter) }),
    subjectPublicKeyInfo: AsnConvert.parse(publicKey.export({ format: 'der', type: 'spki' }), SubjectPublicKeyInfo),
    extensions: extensions(publicKey, issuerKey, isCa),
  })
  const signatureValue = sign('sha384', Buffer.from(AsnConvert.serialize(tbsCertificate)), issuerKey)
  const signed = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: Uint8Array.from(signatureValue).buffer,
  })
  return new Uint8Array(AsnConvert.serialize(signed))
}

/** Positive: the first bit is clear, the first byte is not zero. */
function serialNumber(): ArrayBuffer {
  const serial = Uint8Array.from(randomBytes(SERIAL_BYTES))
  serial[0] = (serial[0]! & 0x7f) | 0x40
  return serial.buffer
}

function commonName(text: string): Name {
  const attribute = new AttributeTypeAndValue({ type: COMMON_NAME, value: new AttributeValue({ utf8String: text }) })
  return new Name([new RelativeDistinguishedName([attribute])])
}

function extensions(publicKey: KeyObject, issuerKey: KeyObject, isCa: boolean): Extensions {
  const usage = isCa ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature
  const authority = new KeyIdentifier(keyIdentifier(createPublicKey(issuerKey)))
  return new Extensions([
    extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: isCa })),
    extension(id_ce_keyUsage, true, new KeyUsage(usage)),
    extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyIdentifier(publicKey))),
    extension(id_ce_authorityKeyIdentifier, false, new AuthorityKeyIdentifier({ keyIdentifier: authority })),
  ])
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}
