/**
 * What a type of custom key store has to be able to do. An implementation connects each node (worker process) by itself: connection
 * states are in the store of this service and the same for all nodes, connections are not. One is opened when it is first needed.
 */
import type { BlobKey } from '../../crypto/ciphertext-blob.ts'
import type { Key } from '../keys/key.ts'
import type { MaybePromise, Reader } from '../store.ts'
import type { ConnectionErrorCode, CustomKeyStore, CustomKeyStoreType, KeyStoreName } from './custom-key-store.ts'

/** On whose behalf, for what a backend tells others (keystores.md XC-9). */
export interface StoreCaller {
  /** `invokedBy`: the service that calls for him, if one does. */
  readonly principal: { readonly arn: string; readonly invokedBy?: string }
  readonly requestId: string
}

/** One cryptographic operation on a key that is in a store. */
export interface StoreMessage {
  /** As AWS names it: `GenerateDataKey`. */
  readonly operation: string
  readonly call: StoreCaller
  /** H_ec, 32 bytes (lifecycle.md ENV-12). */
  readonly contextHash: Buffer
  /** The material that this service has of the key (double encryption, DE-1); never asked for by an HSM's backend. */
  innerMaterial(): MaybePromise<BlobKey>
}

/** What CreateKey asks a backend for. */
export interface NewStoreKey {
  readonly keyId: string
  readonly arn: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  /** External key stores. */
  readonly xksKeyId: string | undefined
}

export interface MadeStoreKey {
  /** Of the key's ciphertexts, for life. */
  readonly suite: number
  /** 64 hex digits, if the backend made the material; `undefined`: material is made here, and the backend adds to it. */
  readonly materialId: string | undefined
}

/** What became of the backing key of a KMS key that is erased; HK-5, DEL-23. */
export interface DeletedBackingKey {
  readonly backingKeyId: string
  /** The HSM's own number for it, if it was found. */
  readonly keyHandle: string | undefined
  readonly deletionStatus: 'SUCCESS' | 'FAILURE'
  /** It was looked for, and is not there. */
  readonly isMissing: boolean
}

/** Why a store could not be connected: the store goes to FAILED with this code. */
export class ConnectionError extends Error {
  readonly code: ConnectionErrorCode

  constructor(code: ConnectionErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ConnectionError'
    this.code = code
  }
}

/**
 * Errors are `KmsError`s of the lists in operations.md, unless another is named; whatever else is thrown is a bug. Nothing here is
 * called inside a transaction but {@link checkConflicts}.
 */
export interface KeyStoreBackend<S extends CustomKeyStore = CustomKeyStore> {
  readonly type: S['type']
  /**
   * Everything that OP-1 and OP-4 check beyond quota and name, in their order: conflicts with other stores, then what the HSM or the
   * proxy says.
   *
   * @param candidate as it would be stored.
   * @param previous as it is stored; `undefined`: it is new.
   */
  inspect(candidate: S, previous: S | undefined, call: StoreCaller, reader: Reader): Promise<void>
  /** The part of it that is about other stores, for asking again inside the transaction. */
  checkConflicts(candidate: S, previous: S | undefined, reader: Reader): Promise<void>
  /** What ConnectCustomKeyStore refuses at once (OP-2). */
  checkConnectable(store: S): Promise<void>
  /** Connects this node, as the one that connects the store for all. @throws {ConnectionError} */
  connect(store: S): Promise<void>
  /** Closes this node's connection, if it has one. Never fails. */
  disconnect(name: KeyStoreName): Promise<void>
  /**
   * @param store CONNECTED.
   * @param reserve is told the id of material before it is made, and resolves when that is on stable storage (HK-3).
   */
  createKey(
    store: S,
    key: NewStoreKey,
    call: StoreCaller,
    reserve: (materialId: string) => Promise<void>,
  ): Promise<MadeStoreKey>
  /** Best effort: never fails. `undefined`: there is nothing to delete that would be ours (DEL-24). */
  deleteKey(store: S, key: Pick<Key, 'arn' | 'currentMaterialId'>): Promise<DeletedBackingKey | undefined>
  /** @returns a whole ciphertext blob. @throws {KmsError} `KMSInvalidStateException` for what fails below (KS-5). */
  encrypt(store: S, key: Key, message: StoreMessage, plaintext: Uint8Array): Promise<Buffer>
  /** @param blob that names the key's material, of whatever suite. The caller wipes the result. */
  decrypt(store: S, key: Key, message: StoreMessage, blob: Buffer): Promise<Buffer>
  /** Random bytes from the backing hardware; absent where there is none that gives any (KS-6). The caller wipes the result. */
  randomBytes?(store: S, length: number): Promise<Buffer>
  /** At the end of this node. */
  close(): Promise<void>
}

/** One for each type that this server can work with. */
export type KeyStoreBackends = Readonly<Partial<Record<CustomKeyStoreType, KeyStoreBackend>>>
