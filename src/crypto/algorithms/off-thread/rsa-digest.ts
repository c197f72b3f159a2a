/**
 * RSA signatures over a digest that the caller made (RFC 8017, sections 8.1 and 8.2). node:crypto's `sign` always hashes;
 * its `privateEncrypt` is OpenSSL's signature over bytes that are hashed already.
 */
import { createPrivateKey, type KeyObject, privateEncrypt } from 'node:crypto'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { id_mgf1, id_RSASSA_PSS, id_sha256, id_sha384, id_sha512, RsaSaPssParams } from '@peculiar/asn1-rsa'
import { AsnConvert } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { mgf1, PSS } from 'micro-rsa-dsa-dh/rsa.js'
import { encodePrivateKeyInfo, parsePrivateKeyInfo } from './private-key-info.ts'

export type RsaHash = 'sha256' | 'sha384' | 'sha512'

const HASH_OIDS: ReadonlyMap<RsaHash, string> = new Map([
  ['sha256', id_sha256],
  ['sha384', id_sha384],
  ['sha512', id_sha512],
])

/**
 * The same key as an id-RSASSA-PSS key that is restricted to one hash, MGF1 with that hash, and a salt of its length
 * (RFC 4055, section 3.1). With such a key OpenSSL knows the hash without hashing, so that `privateEncrypt` with PSS padding
 * signs a digest: EMSA-PSS and its salt stay OpenSSL's.
 */
export function restrictToPss(key: KeyObject, hash: RsaHash, digestBytes: number): KeyObject {
  const info = parsePrivateKeyInfo(key.export({ format: 'der', type: 'pkcs8' }))
  const hashAlgorithm = new AlgorithmIdentifier({ algorithm: HASH_OIDS.get(hash)!, parameters: null })
  const maskGenAlgorithm = new AlgorithmIdentifier({
    algorithm: id_mgf1,
    parameters: AsnConvert.serialize(hashAlgorithm),
  })
  const parameters = new RsaSaPssParams({ hashAlgorithm, maskGenAlgorithm, saltLength: digestBytes })
  info.privateKeyAlgorithm = new AlgorithmIdentifier({
    algorithm: id_RSASSA_PSS,
    parameters: AsnConvert.serialize(parameters),
  })
  const der = encodePrivateKeyInfo(info)
  const restricted = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return restricted
}

/** @param input the DigestInfo for PKCS#1 v1.5; the digest for PSS, with a key from {@link restrictToPss}. */
export function sign(key: KeyObject, padding: number, input: Uint8Array): Uint8Array {
  return privateEncrypt({ key, padding }, input)
}

type PssHash = typeof sha256

/**
 * Hashes everything but what has the length of a digest. RSASSA-PSS hashes the message, which is a digest here, and
 * `M' = 8 zero bytes ‖ digest ‖ salt`, which is longer (RFC 8017, section 9.1.2, steps 2 and 12).
 */
function messageIsDigest(hash: PssHash): PssHash {
  const skip = (data: Uint8Array) => (data.length === hash.outputLen ? data : hash(data))
  return Object.assign(skip, hash)
}

const PSS_VERIFIERS: ReadonlyMap<RsaHash, ReturnType<typeof PSS>> = new Map(
  (
    [
      ['sha256', sha256],
      ['sha384', sha384],
      ['sha512', sha512],
    ] as [RsaHash, PssHash][]
  ).map(([name, hash]) => [name, PSS(messageIsDigest(hash), mgf1(hash), hash.outputLen)]),
)

/** Public data only, so a verifier without constant time will do; OpenSSL's cannot be reached with a digest. */
export function verifyPss(key: KeyObject, hash: RsaHash, digest: Uint8Array, signature: Uint8Array): boolean {
  const { n, e } = key.export({ format: 'jwk' })
  try {
    return PSS_VERIFIERS.get(hash)!.verify({ n: toInteger(n!), e: toInteger(e!) }, digest, signature)
  } catch {
    return false
  }
}

function toInteger(base64url: string): bigint {
  return BigInt(`0x${Buffer.from(base64url, 'base64url').toString('hex')}`)
}
