/**
 * What a key spec is: one row with its usages, algorithms, sizes and code. One file per family holds the rows; nothing
 * outside of it asks for a spec by its name.
 *
 * ```ts
 * const spec = keySpec('RSA_2048')            // index.ts; undefined for a name that is none
 * spec.usages                                 // ['ENCRYPT_DECRYPT', 'SIGN_VERIFY']
 * spec.algorithms('ENCRYPT_DECRYPT')          // ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'], in the order of the API
 * const material = await spec.generate()      // the bytes that rest in a key token; the caller seals and wipes them
 * const material = await spec.importMaterial(bytes)   // the same from a customer's bytes (lifecycle.md IMP-30 to 35)
 * const key = spec.open(material)             // wipes `material`; keep the key, it holds no readable secret
 * key.publicKey                               // SPKI DER
 * await key.sign('RSASSA_PSS_SHA_256', 'DIGEST', digest)
 * ```
 *
 * Results are there at once where the work is quick and promises where it runs in another thread.
 */
import { KmsError } from '../../base/errors.ts'

export type MaybePromise<T> = T | Promise<T>

export type KeyUsage = 'SIGN_VERIFY' | 'ENCRYPT_DECRYPT' | 'GENERATE_VERIFY_MAC' | 'KEY_AGREEMENT'

export type MessageType = 'RAW' | 'DIGEST' | 'EXTERNAL_MU'

/** Message types that an algorithm takes, each with its exact length in bytes; `undefined` for any length (operations.md 4.3). */
export type MessageTypes = ReadonlyMap<MessageType, number | undefined>

export interface SigningAlgorithm {
  readonly messageTypes: MessageTypes
}

export interface EncryptionAlgorithm {
  readonly plaintextBytesMax: number
}

/** The algorithms of a spec by usage; the order of each map is the API's (operations.md 4.1). */
export interface Algorithms {
  readonly SIGN_VERIFY?: ReadonlyMap<string, SigningAlgorithm>
  readonly ENCRYPT_DECRYPT?: ReadonlyMap<string, EncryptionAlgorithm>
  readonly GENERATE_VERIFY_MAC?: ReadonlyMap<string, object>
  readonly KEY_AGREEMENT?: ReadonlyMap<string, object>
}

export interface DataKeyPair {
  /** PKCS#8 DER; the caller wipes it. */
  readonly privateKey: Buffer
  /** SPKI DER. */
  readonly publicKey: Buffer
}

export interface KeySpec {
  /** As the API names it. */
  readonly name: string
  readonly kind: 'symmetric' | 'HMAC' | 'asymmetric'
  readonly usages: readonly KeyUsage[]
  /** Algorithm names in the API's order; empty for a usage that the spec does not have. */
  algorithms(usage: KeyUsage): readonly string[]
  /** Fresh material, made off the event loop. */
  generate(): Promise<Buffer>
  /** A key pair for GenerateDataKeyPair, encoded as AWS does (operations.md 4.5); `undefined` where pairs are not offered. */
  readonly generatePair: (() => Promise<DataKeyPair>) | undefined
  /**
   * The material in a customer's bytes, checked and in our one encoding; the caller wipes both. `undefined` where keys
   * cannot be imported (IMP-34).
   * @throws {MaterialError} for bytes that are no good material of this spec.
   */
  readonly importMaterial: ((bytes: Uint8Array) => Promise<Buffer>) | undefined
  /** Wipes `material`, which must come from `generate` or `importMaterial` of the same spec. */
  open(material: Buffer): OpenKey
  /**
   * The public half alone, which is all that verification and encryption need; `undefined` for symmetric and HMAC specs.
   * @param spki as {@link OpenKey.publicKey} gave it.
   */
  readonly openPublic: ((spki: Buffer) => OpenPublicKey) | undefined
}

/** Without the private half there is nothing to sign, decrypt or agree with. */
export type OpenPublicKey = Pick<OpenKey, 'publicKey' | 'verify' | 'encrypt'>

/** A key that is ready to work. Methods that its spec does not have throw: the pipeline checks usage and algorithm before. */
export interface OpenKey {
  /** SPKI DER; `undefined` for symmetric and HMAC keys. */
  readonly publicKey: Buffer | undefined
  /** @throws {KmsError} `ValidationException` for a message type or length that does not fit (operations.md 3.46). */
  sign(algorithm: string, type: MessageType, message: Uint8Array): MaybePromise<Buffer>
  /** False for every reason why a signature is none. @throws as {@link OpenKey.sign}. */
  verify(algorithm: string, type: MessageType, message: Uint8Array, signature: Uint8Array): MaybePromise<boolean>
  /** @throws {KmsError} `ValidationException` for a plaintext that is too long (operations.md 3.19). */
  encrypt(algorithm: string, plaintext: Uint8Array): MaybePromise<Buffer>
  /** @throws {KmsError} `InvalidCiphertextException` whatever the reason. */
  decrypt(algorithm: string, ciphertext: Uint8Array): MaybePromise<Buffer>
  mac(algorithm: string, message: Uint8Array): Buffer
  /**
   * X coordinate of the shared point, as wide as the curve's field.
   * @param peer SPKI DER.
   * @throws {KmsError} `ValidationException` without text for a peer that is no point of this curve (operations.md 3.11).
   */
  agree(algorithm: string, peer: Uint8Array): MaybePromise<Buffer>
}

/** Bytes that are no good material; the message is for operators and logs, never for a client (lifecycle.md IMP-35). */
export class MaterialError extends Error {}

function refuse(): never {
  throw new Error('the key spec has no such capability')
}

export const NO_PUBLIC_CAPABILITIES: OpenPublicKey = Object.freeze({
  publicKey: undefined,
  verify: refuse,
  encrypt: refuse,
})

export const NO_CAPABILITIES: OpenKey = Object.freeze({
  ...NO_PUBLIC_CAPABILITIES,
  sign: refuse,
  decrypt: refuse,
  mac: refuse,
  agree: refuse,
})

const NONE: readonly string[] = Object.freeze([])

/** The usages of a spec, and their algorithm lists, follow from its one table of algorithms. */
export function namesOf(algorithms: Algorithms): Pick<KeySpec, 'usages' | 'algorithms'> {
  const names = new Map<KeyUsage, readonly string[]>()
  for (const [usage, table] of Object.entries(algorithms)) {
    names.set(usage as KeyUsage, Object.freeze([...(table as ReadonlyMap<string, object>).keys()]))
  }
  return { usages: Object.freeze([...names.keys()]), algorithms: (usage) => names.get(usage) ?? NONE }
}

/** The row of an algorithm that the pipeline has found in the spec's list. */
export function rowOf<T>(table: ReadonlyMap<string, T>, algorithm: string): T {
  const row = table.get(algorithm)
  if (row === undefined) throw new Error(`the key spec has no algorithm ${algorithm}`)
  return row
}

/** Operations.md 3.46: the spec is blamed for a message type that none of its algorithms takes, else the algorithm is. */
export function checkMessage(
  spec: string,
  table: ReadonlyMap<string, SigningAlgorithm>,
  algorithm: string,
  type: MessageType,
  message: Uint8Array,
): void {
  const { messageTypes } = rowOf(table, algorithm)
  if (!messageTypes.has(type)) {
    const known = [...table.values()].some((row) => row.messageTypes.has(type))
    const whose = known ? `algorithm ${algorithm}` : `key spec ${spec}`
    throw new KmsError('ValidationException', `Message type ${type} is incompatible with ${whose}.`)
  }
  const length = messageTypes.get(type)
  if (length === undefined || message.length === length) return
  const what = type === 'DIGEST' ? 'Digest' : 'External Mu'
  throw new KmsError('ValidationException', `${what} is invalid length for algorithm ${algorithm}.`)
}

export function checkPlaintext(spec: string, algorithm: string, row: EncryptionAlgorithm, plaintext: Uint8Array): void {
  if (plaintext.length <= row.plaintextBytesMax) return
  const text = `Algorithm ${algorithm} and key spec ${spec} cannot encrypt data larger than ${row.plaintextBytesMax} bytes.`
  throw new KmsError('ValidationException', text)
}

/** RAW of any length, and the digest of a hash. */
export function rawOrDigest(digestBytes: number): MessageTypes {
  return new Map([
    ['RAW', undefined],
    ['DIGEST', digestBytes],
  ])
}

/** For a peer key that is none; the recorded answer has no text. */
export function invalidPeer(cause?: unknown): KmsError {
  return new KmsError('ValidationException', undefined, { cause })
}
