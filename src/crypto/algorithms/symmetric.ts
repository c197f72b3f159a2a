/**
 * SYMMETRIC_DEFAULT: the row only. Its ciphertexts name their material and bind an encryption context, which is
 * `ciphertext-blob.ts`; a key that is opened here has no capabilities.
 */
import { randomBytes } from 'node:crypto'
import { type KeySpec, MaterialError, NO_CAPABILITIES, namesOf } from './key-spec.ts'

const KEY_BYTES = 32
/** operations.md 4.2. */
const PLAINTEXT_BYTES_MAX = 4096

export const SYMMETRIC_SPECS: readonly KeySpec[] = [
  Object.freeze({
    name: 'SYMMETRIC_DEFAULT',
    kind: 'symmetric',
    ...namesOf({ ENCRYPT_DECRYPT: new Map([['SYMMETRIC_DEFAULT', { plaintextBytesMax: PLAINTEXT_BYTES_MAX }]]) }),
    generate: async () => randomBytes(KEY_BYTES),
    generatePair: undefined,
    importMaterial: async (bytes) => {
      if (bytes.length !== KEY_BYTES) throw new MaterialError(`${bytes.length} bytes, expected ${KEY_BYTES}`)
      return Buffer.from(bytes)
    },
    openPublic: undefined,
    open(material) {
      material.fill(0)
      return NO_CAPABILITIES
    },
  } satisfies KeySpec),
]
