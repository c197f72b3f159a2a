/**
 * Private keys that customers bring (lifecycle.md IMP-32, IMP-33, IMP-35): PKCS#8, in BER or DER, checked and encoded anew,
 * so that what rests is always the one encoding that we make ourselves.
 */
import { checkPrimeSync, createECDH, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { ECParameters, ECPrivateKey, id_ecPublicKey } from '@peculiar/asn1-ecc'
import { PrivateKey, type PrivateKeyInfo } from '@peculiar/asn1-pkcs8'
import { id_rsaEncryption, RSAPrivateKey } from '@peculiar/asn1-rsa'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { fromBER } from 'asn1js'
import { encodePrivateKeyInfo, parsePrivateKeyInfo } from './private-key-info.ts'
import { isSigningScalar, publicPoint } from './sm2.ts'

/** Why bytes were refused; a thrown error would lose its class between threads. */
export interface Refusal {
  readonly refused: string
}

class Refused extends Error {}

function check(holds: boolean, refusal: string): void {
  if (!holds) throw new Refused(refusal)
}

function answer(read: () => Uint8Array): Uint8Array | Refusal {
  try {
    return read()
  } catch (error) {
    // What the parsers and OpenSSL say is about the bytes, so it is not repeated.
    return { refused: error instanceof Refused ? error.message : 'not a PKCS#8 private key of this kind' }
  }
}

/** @param bits of the modulus. */
export function importRsa(bytes: Uint8Array, bits: number): Uint8Array | Refusal {
  return answer(() => {
    const info = parseWhole(bytes)
    check(info.privateKeyAlgorithm.algorithm === id_rsaEncryption, 'not an RSA key')
    const inner = new Uint8Array(info.privateKey.buffer)
    checkWhole(inner)
    const { version, otherPrimeInfos } = AsnConvert.parse(inner, RSAPrivateKey)
    check(version === 0 && otherPrimeInfos === undefined, 'an RSA key of more than two primes')
    const key = openSslKey(bytes)
    check(key.asymmetricKeyDetails?.modulusLength === bits, `not a modulus of ${bits} bits`)
    checkRsaNumbers(key)
    return key.export({ format: 'der', type: 'pkcs8' })
  })
}

/** No exponent below this one (IMP-35, FIPS 186-5 section A.1.1). */
const EXPONENT_MIN = 65537n

function checkRsaNumbers(key: KeyObject): void {
  const jwk = key.export({ format: 'jwk' })
  const number = (text: string | undefined) => BigInt(`0x${Buffer.from(text!, 'base64url').toString('hex')}`)
  const [n, e, d] = [number(jwk.n), number(jwk.e), number(jwk.d)]
  const [p, q] = [number(jwk.p), number(jwk.q)]
  check(e >= EXPONENT_MIN && e % 2n === 1n, 'a public exponent that is even or below 65537')
  check(p > 1n && q > 1n && p !== q && p * q === n, 'a modulus that is not the product of two different primes')
  check((e * d) % (p - 1n) === 1n && (e * d) % (q - 1n) === 1n, 'exponents that do not fit each other')
  check(number(jwk.dp) === d % (p - 1n) && number(jwk.dq) === d % (q - 1n), 'CRT exponents that do not fit')
  check((number(jwk.qi) * q) % p === 1n, 'a CRT coefficient that does not fit')
  check(checkPrimeSync(p) && checkPrimeSync(q), 'a factor that is not prime')
}

/** @param curve as OpenSSL names it. @param oid the curve's. */
export function importEcc(bytes: Uint8Array, curve: string, oid: string): Uint8Array | Refusal {
  return answer(() => {
    const info = parseWhole(bytes)
    checkCurve(info, oid)
    const key = openSslKey(bytes)
    const scalar = key.export({ format: 'raw-private' })
    const derived = fromScalar(scalar, curve)
    scalar.fill(0)
    check(samePublicKey(key, derived), 'a public point that is not of this private key')
    return derived.export({ format: 'der', type: 'pkcs8' })
  })
}

/** DER only, unlike the others (IMP-33), and the one encoding of RFC 8410 without attributes. */
export function importEd25519(bytes: Uint8Array): Uint8Array | Refusal {
  return answer(() => {
    const key = openSslKey(bytes)
    check(key.asymmetricKeyType === 'ed25519', 'not an Ed25519 key')
    const der = key.export({ format: 'der', type: 'pkcs8' })
    check(der.equals(bytes), 'not the DER encoding of RFC 8410')
    return der
  })
}

/** OpenSSL has no way from an SM2 scalar to a key, so the point comes from the SM2 library and the encoding is built here. */
export function importSm2(bytes: Uint8Array, oid: string): Uint8Array | Refusal {
  return answer(() => {
    const info = parseWhole(bytes)
    const scalar = Buffer.from(checkCurve(info, oid).privateKey.buffer)
    check(isSigningScalar(scalar), 'a private key that cannot sign')
    const publicKey = publicPoint(scalar)
    const ecKey = new ECPrivateKey({
      version: 1,
      privateKey: new OctetString(scalar),
      publicKey: arrayBuffer(publicKey),
    })
    info.privateKey = new PrivateKey(AsnConvert.serialize(ecKey))
    delete info.attributes
    scalar.fill(0)
    const der = encodePrivateKeyInfo(info)
    check(samePublicKey(openSslKey(bytes), openSslKey(der)), 'a public point that is not of this private key')
    return der
  })
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}

function checkWhole(bytes: Uint8Array): void {
  check(fromBER(bytes).offset === bytes.length, 'bytes after the end')
}

function parseWhole(bytes: Uint8Array): PrivateKeyInfo {
  checkWhole(bytes)
  const info = parsePrivateKeyInfo(bytes)
  check(info.version === 0, 'not version 0 of PKCS#8')
  return info
}

/** Named curves only, and the same one wherever it is named. */
function checkCurve(info: PrivateKeyInfo, oid: string): ECPrivateKey {
  const { algorithm, parameters } = info.privateKeyAlgorithm
  check(algorithm === id_ecPublicKey && parameters != null, 'not an EC key')
  const inner = new Uint8Array(info.privateKey.buffer)
  checkWhole(inner)
  const ecKey = AsnConvert.parse(inner, ECPrivateKey)
  check(ecKey.version === 1, 'not version 1 of ECPrivateKey')
  const named = AsnConvert.parse(parameters!, ECParameters).namedCurve
  check(named === oid && (ecKey.parameters?.namedCurve ?? oid) === oid, 'not a key on this named curve')
  return ecKey
}

function openSslKey(bytes: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(bytes), format: 'der', type: 'pkcs8' })
}

/** Key objects take any scalar, ECDH objects only those from 1 to the order less 1. */
function fromScalar(scalar: Buffer, namedCurve: string): KeyObject {
  createECDH(namedCurve).setPrivateKey(scalar)
  return createPrivateKey({ key: scalar, format: 'raw-private', asymmetricKeyType: 'ec', namedCurve })
}

function samePublicKey(left: KeyObject, right: KeyObject): boolean {
  return createPublicKey(left).equals(createPublicKey(right))
}
