/**
 * SM2 signature, encryption and key agreement (GM/T 0003.2 to 0003.4), in the encodings of GM/T 0009. node:crypto reaches
 * OpenSSL's SM2 neither with an identity other than the empty one nor for encryption.
 *
 * The library's own DER reader builds points without asking whether they are on the curve, which would give the private key
 * away to whoever sends a few hundred ciphertexts. So DER is read here and points go in as bytes, which it does check; `isOnCurve`
 * says so once more.
 */
import type { KeyObject } from 'node:crypto'
import { ECPrivateKey } from '@peculiar/asn1-ecc'
import { AsnConvert } from '@peculiar/asn1-schema'
import { fromBER, Integer, OctetString, Sequence } from 'asn1js'
import { sm2 } from 'sm-crypto-v2'
import { parsePrivateKeyInfo } from './private-key-info.ts'

/** Order of the group (GM/T 0003.5). */
const ORDER = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n
/** The default identity of GM/T 0009, section 10; AWS uses it for RAW messages. */
const IDENTITY = '1234567812345678'
const SCALAR_BYTES = 32
const POINT_BYTES = 2 * SCALAR_BYTES
const HASH_BYTES = 32
/** C1 ‖ C3 ‖ C2. */
const MODE = 1

/** d = order - 1 has no signatures, because 1 + d has no inverse. */
export function isSigningScalar(scalar: Uint8Array): boolean {
  const d = toInteger(scalar)
  return scalar.length === SCALAR_BYTES && d > 0n && d < ORDER - 1n
}

/** Uncompressed. */
export function publicPoint(scalar: Uint8Array): Buffer {
  return Buffer.from(sm2.getPublicKeyFromPrivateKey(hex(scalar)), 'hex')
}

/** @param key PKCS#8 DER in a secret KeyObject. @param point uncompressed. @param isDigest the message is e already. */
export function sign(key: KeyObject, point: Uint8Array, message: Uint8Array, isDigest: boolean): Uint8Array {
  const options = { hash: !isDigest, publicKey: hex(point), userId: IDENTITY }
  const raw = Buffer.from(sm2.doSignature(message, scalarOf(key), options), 'hex')
  return encodeSequence([integer(raw.subarray(0, SCALAR_BYTES)), integer(raw.subarray(SCALAR_BYTES))])
}

export function verify(point: Uint8Array, message: Uint8Array, isDigest: boolean, signature: Uint8Array): boolean {
  const parts = decodeSequence(signature, [Integer, Integer])
  if (parts === undefined) return false
  const [r, s] = parts.map(scalarBytes)
  if (r === undefined || s === undefined || !isInRange(r) || !isInRange(s)) return false
  try {
    return sm2.doVerifySignature(message, hex(r) + hex(s), hex(point), { hash: !isDigest, userId: IDENTITY })
  } catch {
    return false
  }
}

/** @returns SEQUENCE { x, y INTEGER, hash, ciphertext OCTET STRING }. */
export function encrypt(point: Uint8Array, plaintext: Uint8Array): Uint8Array {
  // A key stream of zeros must not be used (GM/T 0003.4, step A5); for one byte it comes once in 256 times.
  for (;;) {
    const raw = Buffer.from(sm2.doEncrypt(plaintext, hex(point), MODE), 'hex')
    const body = raw.subarray(POINT_BYTES + HASH_BYTES)
    if (body.equals(plaintext)) continue
    const [x, y] = [raw.subarray(0, SCALAR_BYTES), raw.subarray(SCALAR_BYTES, POINT_BYTES)]
    const hash = new OctetString({ valueHex: raw.subarray(POINT_BYTES, POINT_BYTES + HASH_BYTES) })
    return encodeSequence([integer(x), integer(y), hash, new OctetString({ valueHex: body })])
  }
}

/** @returns `undefined` whatever the reason. */
export function decrypt(key: KeyObject, ciphertext: Uint8Array): Uint8Array | undefined {
  const parts = decodeSequence(ciphertext, [Integer, Integer, OctetString, OctetString])
  if (parts === undefined) return undefined
  const [x, y] = parts.slice(0, 2).map(scalarBytes)
  const [hash, body] = parts.slice(2).map((part) => Buffer.from(part.valueBlock.valueHexView))
  if (x === undefined || y === undefined || hash!.length !== HASH_BYTES || body!.length === 0) return undefined
  const raw = Buffer.concat([x, y, hash!, body!])
  try {
    if (!isOnCurve(x, y)) return undefined
    const plaintext = sm2.doDecrypt(hex(raw), scalarOf(key), MODE, { output: 'array' })
    // Empty: the hash did not fit. Equal: the key stream of zeros (GM/T 0003.4, step B4).
    return plaintext.length === 0 || body!.equals(plaintext) ? undefined : plaintext
  } catch {
    return undefined
  }
}

/** X coordinate of the shared point. @param peer uncompressed point, checked to be on the curve. */
export function agree(key: KeyObject, peer: Uint8Array): Uint8Array {
  return sm2.ecdh(scalarOf(key), hex(peer)).slice(1, 1 + SCALAR_BYTES)
}

/** Throws, too, for points that are not. */
function isOnCurve(x: Buffer, y: Buffer): boolean {
  return sm2.verifyPublicKey(`04${hex(x)}${hex(y)}`)
}

/** The private key as the library wants it. Strings cannot be wiped; this thread drops it at once. */
function scalarOf(key: KeyObject): string {
  const der = key.export()
  const info = parsePrivateKeyInfo(der)
  const { privateKey } = AsnConvert.parse(info.privateKey.buffer, ECPrivateKey)
  const scalar = Buffer.from(privateKey.buffer)
  const text = hex(scalar)
  der.fill(0)
  scalar.fill(0)
  return text
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes) || '0'}`)
}

function isInRange(scalar: Buffer): boolean {
  const value = toInteger(scalar)
  return value > 0n && value < ORDER
}

function integer(bytes: Uint8Array): Integer {
  return Integer.fromBigInt(toInteger(bytes))
}

/** 32 bytes, or `undefined` for a negative number or a longer one. */
function scalarBytes(part: Integer | OctetString): Buffer | undefined {
  const value = (part as Integer).toBigInt()
  if (value < 0n || value >> BigInt(8 * SCALAR_BYTES) !== 0n) return undefined
  return Buffer.from(value.toString(16).padStart(2 * SCALAR_BYTES, '0'), 'hex')
}

function encodeSequence(value: (Integer | OctetString)[]): Buffer {
  return Buffer.from(new Sequence({ value }).toBER())
}

type Part = typeof Integer | typeof OctetString

/** Strict: the parts in this order, and nothing but the one DER encoding of them. */
function decodeSequence(der: Uint8Array, parts: readonly Part[]): (Integer | OctetString)[] | undefined {
  try {
    const { result } = fromBER(der)
    if (!(result instanceof Sequence) || result.valueBlock.value.length !== parts.length) return undefined
    const values = result.valueBlock.value
    if (!parts.every((part, index) => values[index] instanceof part)) return undefined
    const read = values.map((value) =>
      value instanceof Integer
        ? Integer.fromBigInt(value.toBigInt())
        : new OctetString({ valueHex: (value as OctetString).valueBlock.valueHexView }),
    )
    return encodeSequence(read).equals(der) ? read : undefined
  } catch {
    return undefined
  }
}
