/** HMAC key specs (FIPS 198-1): MACs of full length, keys as long as the hash when we make them. */
import { createHmac, randomBytes } from 'node:crypto'
import { secretKey } from '../key-object.ts'
import { type KeySpec, MaterialError, NO_CAPABILITIES, namesOf } from './key-spec.ts'

/** lifecycle.md IMP-31. */
const IMPORT_BYTES_MAX = 128

function hmacSpec(name: string, algorithm: string, hash: string, hashBytes: number): KeySpec {
  return Object.freeze({
    name,
    kind: 'HMAC',
    ...namesOf({ GENERATE_VERIFY_MAC: new Map([[algorithm, {}]]) }),
    generate: async () => randomBytes(hashBytes),
    generatePair: undefined,
    importMaterial: async (bytes) => {
      if (bytes.length < hashBytes || bytes.length > IMPORT_BYTES_MAX) {
        throw new MaterialError(`${bytes.length} bytes, expected ${hashBytes} to ${IMPORT_BYTES_MAX}`)
      }
      return Buffer.from(bytes)
    },
    openPublic: undefined,
    open(material) {
      const key = secretKey(material)
      return Object.freeze({
        ...NO_CAPABILITIES,
        mac: (_algorithm: string, message: Uint8Array) => createHmac(hash, key).update(message).digest(),
      })
    },
  } satisfies KeySpec)
}

export const HMAC_SPECS: readonly KeySpec[] = [
  hmacSpec('HMAC_224', 'HMAC_SHA_224', 'sha224', 28),
  hmacSpec('HMAC_256', 'HMAC_SHA_256', 'sha256', 32),
  hmacSpec('HMAC_384', 'HMAC_SHA_384', 'sha384', 48),
  hmacSpec('HMAC_512', 'HMAC_SHA_512', 'sha512', 64),
]
