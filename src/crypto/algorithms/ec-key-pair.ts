/**
 * Data key pairs on short Weierstrass curves. Their PKCS#8 is AWS's: its ECPrivateKey carries the optional curve parameters
 * beside the public point (operations.md 4.5). SEC 1 form has both, PKCS#8 as OpenSSL writes it leaves the parameters out.
 */
import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { DataKeyPair } from './key-spec.ts'

const SEQUENCE = 0x30
const OCTET_STRING = 0x04
/** INTEGER 0. */
const VERSION = Buffer.from([0x02, 0x01, 0x00])

const generateAsync = promisify(generateKeyPair)

/** To be run in the turns of the thread pool. */
export async function generateEcKeyPair(namedCurve: string): Promise<DataKeyPair> {
  const { privateKey: sec1, publicKey } = await generateAsync('ec', {
    namedCurve,
    publicKeyEncoding: { format: 'der', type: 'spki' },
    privateKeyEncoding: { format: 'der', type: 'sec1' },
  })
  const wrapped = element(OCTET_STRING, sec1)
  sec1.fill(0)
  const body = Buffer.concat([VERSION, algorithmOf(publicKey), wrapped])
  wrapped.fill(0)
  const privateKey = element(SEQUENCE, body)
  body.fill(0)
  return { privateKey, publicKey }
}

/** SubjectPublicKeyInfo ::= SEQUENCE { AlgorithmIdentifier, BIT STRING }; PKCS#8 names the algorithm in the same way. */
function algorithmOf(spki: Buffer): Buffer {
  const start = spki[1]! < 0x80 ? 2 : 2 + (spki[1]! & 0x7f)
  // An AlgorithmIdentifier of two object identifiers is far below 128 bytes.
  return spki.subarray(start, start + 2 + spki[start + 1]!)
}

/** DER (X.690, 8.1.3); no content here is longer than 255 bytes. */
function element(tag: number, content: Buffer): Buffer {
  const head = content.length < 0x80 ? [tag, content.length] : [tag, 0x81, content.length]
  return Buffer.concat([Buffer.from(head), content])
}
