/**
 * The material of KMS keys: made, sealed as key tokens (lifecycle.md 8.4), unwrapped into a bounded cache, and applied.
 * Nothing above this file sees plaintext key material.
 */
import { LRUCache } from 'lru-cache'
import { partitionOf } from '../../base/arn.ts'
import { invalidCiphertext, KmsError } from '../../base/errors.ts'
import { CACHED_KEY_MATERIAL_TTL_MS, CACHED_KEY_MATERIALS_MAX } from '../../base/limits.ts'
import { BLOB_NONCE_BYTES, type BlobKey, blobKey, openBlob, sealBlob } from '../../crypto/ciphertext-blob.ts'
import type { TokenSubject } from '../../crypto/domain-key.ts'
import { type EncryptionContext, hashEncryptionContext } from '../../crypto/encryption-context.ts'
import { keyMaterialId } from '../../crypto/key-material-id.ts'
import { secretKey } from '../../crypto/key-object.ts'
import type { RandomSource } from '../../crypto/random.ts'
import type { StoreCaller, StoreMessage } from '../key-stores/key-store-backend.ts'
import type { StoreKeyCiphers } from '../key-stores/key-stores.ts'
import type { ChangeNotice, MaybePromise, Reader, StoredKeyMaterial } from '../store.ts'
import type { DomainKeys } from './domain-keys.ts'
import { isPermanent } from './imported-material.ts'
import { arnOf, type Key, type KeyName, keyNameOf, keyRef } from './key.ts'
import { keySpecRow, type OpenKey, SYMMETRIC_DEFAULT } from './key-specs.ts'

/** The facts that a key token is bound to; they never change (lifecycle.md CRE-4, ENV-30). */
export type KeyFacts = KeyName & Pick<Key, 'spec' | 'usage' | 'origin' | 'multiRegion'>

export interface Cipher {
  /** One of the key's algorithms. */
  readonly algorithm: string
  /** Symmetric keys only. */
  readonly context: EncryptionContext | undefined
  /** What it is done for, which some custom key stores tell to others: the operation as AWS names it, and its caller. */
  readonly operation: string
  readonly call: StoreCaller
}

/** All of it is for keys whose state allows the call; where imported material went meanwhile, it fails as that state does. */
export interface KeyMaterials {
  /**
   * New material of the key's spec, as its first and current one. `given`, for seeded keys, is used instead of a fresh one, in the
   * encoding of the spec; it is wiped. Given twice it has the same id.
   */
  create(key: KeyFacts, createdAt: number, given?: Buffer): Promise<StoredKeyMaterial>
  /** Fresh bytes for a data key that is to be encrypted under `key`. The caller wipes them. */
  dataKeyBytes(key: Key, length: number): MaybePromise<Buffer>
  /** Under the current material. @returns a blob of the key's suite for a symmetric key, the algorithm's ciphertext for others. */
  encrypt(key: Key, cipher: Cipher, plaintext: Uint8Array): MaybePromise<Buffer>
  /**
   * @param materialId the material that a symmetric blob names, which the caller has found to be one of `key`'s.
   * @throws {KmsError} `InvalidCiphertextException` whatever is wrong with the ciphertext.
   */
  decrypt(key: Key, cipher: Cipher, ciphertext: Buffer, materialId: string | undefined): MaybePromise<Buffer>
  /** An asymmetric or HMAC key, ready to work. */
  open(key: Key): MaybePromise<OpenKey>
  /**
   * A material of a symmetric key, for messages that are no ciphertext blobs.
   * @throws {KmsError} `InvalidCiphertextException` if it is not one of `key`'s; `KMSInvalidStateException` if its bytes are gone.
   */
  blobKey(key: Key, materialId: string): MaybePromise<BlobKey>
  /** Drops unwrapped material of changed keys (ENV-32). */
  drop(notices: readonly ChangeNotice[]): void
  clear(): void
}

/** Bytes of the internal id of asymmetric and HMAC materials, which never shows. */
const INTERNAL_ID_BYTES = 32

/** @param keyStores for keys whose material is not, or not alone, with this service. */
export function createKeyMaterials(
  reader: Reader,
  domainKeys: DomainKeys,
  random: RandomSource,
  keyStores: StoreKeyCiphers,
): KeyMaterials {
  /** By ARN, so that one change drops all materials of a key. */
  const cache = new LRUCache<string, Materials>({
    max: CACHED_KEY_MATERIALS_MAX,
    // Materials are what is counted: a key may have a thousand.
    maxSize: CACHED_KEY_MATERIALS_MAX,
    ttl: CACHED_KEY_MATERIAL_TTL_MS,
    ttlResolution: 1000,
    updateAgeOnGet: true,
  })
  let generation = 0

  /** Not async: a cached material is there at once. What it is follows from the key's spec, which never changes. */
  function unwrapped(key: Key, materialId: string): MaybePromise<BlobKey | OpenKey> {
    const known = cache.get(key.arn)
    const ready = known?.materialId === materialId ? known.ready : known?.others?.get(materialId)
    return ready ?? unwrap(key, materialId)
  }

  async function unwrap(key: Key, materialId: string): Promise<BlobKey | OpenKey> {
    const before = generation
    const stored = await reader.findMaterial(key.region, materialId)
    if (stored === undefined || keyRef(stored) !== keyRef(key)) throw invalidCiphertext()
    if (stored.token === undefined) throw withoutBytes(key, stored)
    const secret = await domainKeys.open(storedTokenSubject(key, stored), stored.token)
    const ready =
      key.spec === SYMMETRIC_DEFAULT ? blobKeyOf(key, materialId, secret) : keySpecRow(key.spec).open(secret)
    // A change that came in between may have been this key's end.
    if (generation === before) keep(key, materialId, ready)
    return ready
  }

  function keep(key: Key, materialId: string, ready: BlobKey | OpenKey): void {
    const known = cache.get(key.arn)
    // Always a new object: the cache does not weigh again what it has already.
    const materials =
      known === undefined || known.materialId === materialId
        ? { materialId, ready, others: known?.others }
        : { ...known, others: (known.others ?? new Map()).set(materialId, ready) }
    cache.set(key.arn, materials, { size: 1 + (materials.others?.size ?? 0) })
  }

  /** Keys in stores never rotate, so the current material is the only one. */
  function storeMessage(key: Key, { context, operation, call }: Cipher): StoreMessage {
    const innerMaterial = () => unwrapped(key, key.currentMaterialId!) as MaybePromise<BlobKey>
    return { operation, call, contextHash: hashEncryptionContext(context), innerMaterial }
  }

  return {
    async create(key, createdAt, given) {
      const secret = given ?? (await keySpecRow(key.spec).generate())
      const materialId =
        key.spec === SYMMETRIC_DEFAULT || given !== undefined
          ? keyMaterialId(secret, key.account, key.keyId)
          : random.nonce(INTERNAL_ID_BYTES).toString('hex')
      const token = await domainKeys.seal(keyTokenSubject(key, materialId, createdAt), secret)
      secret.fill(0)
      const { account, region, keyId } = key
      const facts = {
        materialId,
        token,
        createdAt,
        sealedIn: key.region,
        state: 'CURRENT',
        rotation: undefined,
        imported: undefined,
      } as const
      return { account, region, keyId, ...facts }
    },
    dataKeyBytes(key, length) {
      if (key.customKeyStore === undefined) return random.keyBytes(length)
      return keyStores.dataKeyBytes(key, length).then((bytes) => bytes ?? random.keyBytes(length))
    },
    encrypt(key, cipher, plaintext) {
      if (key.customKeyStore !== undefined) return keyStores.encrypt(key, storeMessage(key, cipher), plaintext)
      const { algorithm, context } = cipher
      const material = unwrapped(key, key.currentMaterialId!)
      const encryptWith = (ready: BlobKey | OpenKey) =>
        isBlobKey(ready)
          ? sealBlob(ready, random.nonce(BLOB_NONCE_BYTES), hashEncryptionContext(context), plaintext)
          : ready.encrypt(algorithm, plaintext)
      return material instanceof Promise ? material.then(encryptWith) : encryptWith(material)
    },
    decrypt(key, cipher, ciphertext, materialId = key.currentMaterialId) {
      if (key.customKeyStore !== undefined) return keyStores.decrypt(key, storeMessage(key, cipher), ciphertext)
      const { algorithm, context } = cipher
      const material = unwrapped(key, materialId!)
      const decryptWith = (ready: BlobKey | OpenKey) =>
        isBlobKey(ready)
          ? openBlob(ready, hashEncryptionContext(context), ciphertext)
          : ready.decrypt(algorithm, ciphertext)
      return material instanceof Promise ? material.then(decryptWith) : decryptWith(material)
    },
    open(key) {
      return unwrapped(key, key.currentMaterialId!) as MaybePromise<OpenKey>
    },
    blobKey: (key, materialId) => unwrapped(key, materialId) as MaybePromise<BlobKey>,
    drop(notices) {
      generation++
      for (const { kind, subject } of notices) if (kind === 'key') cache.delete(arnOf(keyNameOf(subject)))
    },
    clear() {
      generation++
      cache.clear()
    },
  }
}

/**
 * A key that misses a material of its own is PendingImport (lifecycle.md IMP-5): this one went after the call looked at the state.
 * The pending one of a set, which this member lacks, has encrypted nothing.
 */
function withoutBytes({ arn }: Key, material: StoredKeyMaterial): KmsError {
  if (!isPermanent(material)) return invalidCiphertext()
  return new KmsError('KMSInvalidStateException', `${arn} is pending import.`)
}

/** The unwrapped materials of one key. Nearly every key has one; of what has a thousand, most are asked for rarely. */
interface Materials {
  readonly materialId: string
  readonly ready: BlobKey | OpenKey
  readonly others: Map<string, BlobKey | OpenKey> | undefined
}

function isBlobKey(ready: BlobKey | OpenKey): ready is BlobKey {
  return 'hbk' in ready
}

/** Wipes `secret`. */
function blobKeyOf(key: Key, materialId: string, secret: Buffer): BlobKey {
  const { account, region, keyId } = key
  return blobKey(secretKey(secret), materialId, { partition: partitionOf(region), account, keyId })
}

/**
 * The members of a multi-Region set have the same token, bound to the Region that it was sealed in. Only theirs can have come
 * from another Region: that a key is multi-Region is itself bound.
 */
/** What the token of a stored material is bound to. */
export function storedTokenSubject(key: Key, { materialId, createdAt, sealedIn }: StoredKeyMaterial): TokenSubject {
  return keyTokenSubject(key.multiRegion ? { ...key, region: sealedIn } : key, materialId, createdAt)
}

/** ENV-30: what the token's authentication covers. */
export function keyTokenSubject(key: KeyFacts, materialId: string, createdAt: number): TokenSubject {
  const names = [partitionOf(key.region), key.account, key.region, key.keyId, materialId]
  return ['kms:key-token:v1', ...names, key.spec, key.usage, key.origin, String(key.multiRegion), String(createdAt)]
}
