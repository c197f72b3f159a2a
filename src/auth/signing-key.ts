/** Keys and signatures of SigV4. */
import { equalInConstantTime, hmacSha256, hmacSha256Hex } from '../crypto/hash.ts'
import { type SecretKey, secretKey } from '../crypto/key-object.ts'
import type { CredentialScope } from './signature-terms.ts'

const SIGNATURE_BYTES = 32

/** Good for one day, Region and service. The secret stays as it is: the caller wipes it. */
export function deriveSigningKey(
  secret: Uint8Array,
  { day, region, service, terminator }: Omit<CredentialScope, 'accessKeyId' | 'text'>,
): SecretKey {
  let key: Buffer = Buffer.concat([Buffer.from('AWS4'), secret])
  for (const part of [day, region, service, terminator]) {
    const next = hmacSha256(key, part)
    key.fill(0)
    key = next
  }
  return secretKey(key)
}

/** Lower-case hex. */
export function sign(key: SecretKey, date: string, scope: string, requestHash: string): string {
  return hmacSha256Hex(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${requestHash}`)
}

/** SEC-4: as bytes, in constant time; text that is not 32 bytes of hex equals nothing. */
export function equalSignatures(presented: string, computed: string): boolean {
  const bytes = Buffer.from(presented, 'hex')
  return bytes.length === SIGNATURE_BYTES && equalInConstantTime(bytes, Buffer.from(computed, 'hex'))
}
