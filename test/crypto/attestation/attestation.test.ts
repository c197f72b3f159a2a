import assert from 'node:assert/strict'
import { generateKeyPairSync, hash, type KeyObject, privateDecrypt, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { CMSVersion, ContentInfo, EnvelopedData } from '@peculiar/asn1-cms'
import { AsnConvert } from '@peculiar/asn1-schema'
import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { KmsError } from '../../../src/base/errors.ts'
import { verifyAttestation } from '../../../src/crypto/attestation/attestation-document.ts'
import { signCoseSign1 } from '../../../src/crypto/attestation/cose-sign1.ts'
import { encryptForRecipient } from '../../../src/crypto/attestation/enveloped-data.ts'
import { NITRO_ENCLAVES_ROOT } from '../../../src/crypto/attestation/nitro-root.ts'
import { createTestIssuer } from '../../../src/crypto/attestation/test-issuer.ts'
import { NO_OPENSSL, openssl, opensslAccepts } from '../algorithms/support/openssl.ts'

const NOW = Date.UTC(2026, 5, 1, 12)
const HOUR_MS = 3_600_000
const recipient = generateKeyPairSync('rsa', { modulusLength: 2048 })
const issuer = createTestIssuer(NOW - HOUR_MS)
const ROOTS = [new X509Certificate(issuer.root).raw]

function spki(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' })
}

function issue(changes: Partial<Parameters<typeof issuer.issue>[0]> = {}): Buffer {
  return issuer.issue({ publicKey: spki(recipient.publicKey), time: NOW, ...changes })
}

function refuses(document: Uint8Array, reason: RegExp, { roots = ROOTS, time = NOW } = {}): void {
  assert.throws(
    () => verifyAttestation(document, { roots, time }),
    (error: KmsError) => error instanceof KmsError && error.code === 'ValidationException' && reason.test(error.text!),
  )
}

test('the root of AWS Nitro Enclaves is the one that AWS publishes', () => {
  const root = new X509Certificate(NITRO_ENCLAVES_ROOT)
  const fingerprint = '641A0321A3E244EFE456463195D606317ED7CDCC3C1756E09893F3C68F79BB5B'
  assert.equal(hash('sha256', root.raw, 'hex').toUpperCase(), fingerprint)
  assert.ok(root.verify(root.publicKey))
})

test('a document of a trusted root gives module, registers, claims and the key', () => {
  const pcrs = new Map([
    [0, Buffer.alloc(48, 0xab)],
    [15, Buffer.alloc(48, 0x01)],
  ])
  const document = issue({ pcrs, moduleId: 'i-1-enc2', userData: Buffer.from('user'), nonce: Buffer.from('nonce') })
  const attestation = verifyAttestation(document, {
    roots: [new X509Certificate(NITRO_ENCLAVES_ROOT).raw, ...ROOTS],
    time: NOW,
  })
  assert.equal(attestation.moduleId, 'i-1-enc2')
  assert.equal(attestation.timestamp, NOW)
  assert.equal(attestation.pcrs.get(0), 'ab'.repeat(48))
  assert.equal(attestation.pcrs.get(8), '00'.repeat(48))
  assert.equal(attestation.pcrs.get(15), '01'.repeat(48))
  assert.equal(attestation.nitroTpmPcrs.size, 0)
  assert.ok(attestation.publicKey.equals(recipient.publicKey))
  assert.equal(Buffer.from(attestation.userData!).toString(), 'user')
  assert.equal(Buffer.from(attestation.nonce!).toString(), 'nonce')
})

test('claims that are null are none', () => {
  const { userData, nonce } = verifyAttestation(issue(), { roots: ROOTS, time: NOW })
  assert.deepEqual([userData, nonce], [undefined, undefined])
})

test('a document is refused under any other root, before its certificate and after it', () => {
  refuses(issue(), /trusted root/, { roots: [new X509Certificate(NITRO_ENCLAVES_ROOT).raw] })
  refuses(issue(), /trusted root/, { roots: [] })
  refuses(issue(), /expired/, { time: NOW + 4 * HOUR_MS })
  refuses(issue(), /expired/, { time: NOW - 1000 })
  refuses(issue(), /expired/, { time: NOW - 2 * HOUR_MS })
})

test('no altered document is accepted', () => {
  const document = issue()
  fc.assert(
    fc.property(fc.nat(document.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const altered = Buffer.from(document)
      altered[at]! ^= mask
      refuses(altered, /^The attestation document is refused: /)
    }),
    { numRuns: 500 },
  )
})

test('bytes at random are refused in one way', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => refuses(bytes, /refused/)))
  // Nested without end: neither the stack nor the message gives way.
  refuses(Buffer.alloc(200_000, 0x81), /not CBOR/)
  refuses(Buffer.concat([issue(), Buffer.of(0)]), /not CBOR/)
})

interface Parts {
  readonly fields: Map<string, unknown>
  readonly cose: unknown[]
}

function parts(document: Uint8Array): Parts {
  const cose = decode(document, { useMaps: true }) as unknown[]
  return { cose, fields: decode(cose[2] as Uint8Array, { useMaps: true }) as Map<string, unknown> }
}

test('a document whose payload was exchanged, or whose header names another algorithm, is refused', () => {
  const { cose, fields } = parts(issue())
  fields.set('nonce', Uint8Array.of(1))
  refuses(encode([cose[0], cose[1], encode(fields), cose[3]]), /signature does not verify/)
  for (const alg of [-7, -36, 5]) {
    refuses(encode([encode(new Map([[1, alg]])), cose[1], cose[2], cose[3]]), /ES384/)
  }
  refuses(encode([encode(new Map()), cose[1], cose[2], cose[3]]), /ES384/)
  refuses(encode(cose.slice(0, 3)), /COSE_Sign1/)
  refuses(encode([cose[0], cose[1], cose[2], 'signature']), /COSE_Sign1/)
})

test('a certificate that the root issued does not sign for another key, nor issue certificates itself', () => {
  const { cose, fields } = parts(issue())
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  refuses(signCoseSign1(cose[2] as Uint8Array, stranger.privateKey), /signature does not verify/)
  const leaf = fields.get('certificate') as Uint8Array
  const [root] = fields.get('cabundle') as Uint8Array[]
  const chained = new Map(fields).set('cabundle', [root, leaf])
  refuses(encode([cose[0], cose[1], encode(chained), cose[3]]), /may not issue/)
  const without = new Map(fields).set('cabundle', [])
  refuses(encode([cose[0], cose[1], encode(without), cose[3]]), /cabundle/)
  const other = parts(createTestIssuer(NOW - HOUR_MS).issue({ publicKey: spki(recipient.publicKey), time: NOW })).fields
  const mixed = new Map(fields).set('certificate', other.get('certificate'))
  refuses(encode([cose[0], cose[1], encode(mixed), cose[3]]), /did not sign/)
})

test('a map with a name twice is refused', () => {
  // {1: -35, 1: -35}
  const { cose } = parts(issue())
  refuses(encode([Buffer.from('a2013822013822', 'hex'), cose[1], cose[2], cose[3]]), /not CBOR/)
})

test('the recipient key is RSA of 2048 to 4096 bits', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
  for (const publicKey of [spki(small), spki(ec), Buffer.from('no key'), Buffer.alloc(0)]) {
    refuses(issue({ publicKey }), /public_key/)
  }
})

test('registers have the length of a hash and an index up to 31', () => {
  refuses(issue({ pcrs: new Map([[0, Buffer.alloc(47)]]) }), /pcrs/)
  refuses(issue({ pcrs: new Map([[32, Buffer.alloc(48)]]) }), /pcrs/)
  refuses(issue({ moduleId: '' }), /module_id/)
})

const oaep = { key: recipient.privateKey, oaepHash: 'sha256' } as const

test('OpenSSL opens CiphertextForRecipient', { skip: NO_OPENSSL }, () => {
  const key = Buffer.from(recipient.privateKey.export({ format: 'pem', type: 'pkcs8' }))
  for (const length of [1, 16, 32, 150, 4096]) {
    const plaintext = Buffer.alloc(length, length)
    const message = encryptForRecipient(recipient.publicKey, plaintext)
    // operations.md 3.7: CiphertextForRecipient has at most 6144 bytes.
    assert.ok(message.length <= 6144)
    const args = ['cms', '-decrypt', '-inform', 'DER', '-in', 'message', '-inkey', 'key', '-binary']
    assert.deepEqual(openssl(args, { message, key }), plaintext)
  }
})

test('CiphertextForRecipient names its algorithms, and differs from call to call', () => {
  const [first, second] = [Buffer.from('text'), Buffer.from('text')].map((text) =>
    encryptForRecipient(recipient.publicKey, text),
  )
  assert.notDeepEqual(first, second)
  const info = AsnConvert.parse(first!, ContentInfo)
  assert.equal(info.contentType, '1.2.840.113549.1.7.3')
  const enveloped = AsnConvert.parse(info.content, EnvelopedData)
  assert.equal(enveloped.version, CMSVersion.v2)
  assert.equal(enveloped.recipientInfos.length, 1)
  const { ktri } = enveloped.recipientInfos[0]!
  assert.equal(ktri!.version, CMSVersion.v2)
  assert.equal(ktri!.keyEncryptionAlgorithm.algorithm, '1.2.840.113549.1.1.7')
  assert.equal(privateDecrypt(oaep, Buffer.from(ktri!.encryptedKey.buffer)).length, 32)
  assert.equal(enveloped.encryptedContentInfo.contentEncryptionAlgorithm.algorithm, '2.16.840.1.101.3.4.1.42')
})

/**
 * The form of messages recorded of AWS (RustCrypto/formats issue 779, 2025), all but the random bytes. The elements that the Nitro
 * Enclaves SDK steps into one after the other must have indefinite length.
 */
test('CiphertextForRecipient is the BER that AWS sends and the Nitro Enclaves SDK reads', () => {
  const text = encryptForRecipient(recipient.publicKey, Buffer.from('text')).toString('hex')
  const bytes = (count: number) => `[0-9a-f]{${2 * count}}`
  const form = [
    '308006092a864886f70d010703a0803080020102', // SEQUENCE, OID envelopedData, [0], SEQUENCE, version 2
    `3182016b308201670201028020${bytes(32)}`, // SET, SEQUENCE, version 2, [0] subjectKeyIdentifier
    '303c06092a864886f70d010107302f', // RSAES-OAEP with
    'a00f300d06096086480165030402010500', // SHA-256,
    'a11c301a06092a864886f70d010108300d06096086480165030402010500', // MGF1 with SHA-256, and no label
    `04820100${bytes(256)}`, // the encrypted key
    `308006092a864886f70d010701301d060960864801650304012a0410${bytes(16)}`, // SEQUENCE, OID data, AES-256-CBC with IV
    `a0800410${bytes(16)}0{20}`, // [0], OCTET STRING, five ends of contents
  ]
  assert.match(text, new RegExp(`^${form.join('')}$`))
})

test('OpenSSL trusts the chain of a test document', { skip: NO_OPENSSL }, () => {
  const { fields } = parts(
    createTestIssuer(Date.now()).issue({ publicKey: spki(recipient.publicKey), time: Date.now() }),
  )
  const pem = (der: unknown) => Buffer.from(new X509Certificate(der as Uint8Array).toString())
  const files = { root: pem((fields.get('cabundle') as unknown[])[0]), leaf: pem(fields.get('certificate')) }
  assert.ok(opensslAccepts(['verify', '-x509_strict', '-CAfile', 'root', 'leaf'], files))
})

test('CBOR that is not in its shortest form is refused', () => {
  // An array of four, its count in two bytes.
  refuses(Buffer.concat([Buffer.of(0x98, 4), issue().subarray(1)]), /not CBOR/)
})
