/**
 * External key stores: keys whose ciphertexts are sealed twice, with material of this service and then by an external key manager
 * behind a proxy, so that neither opens them alone (keystores.md sections 4 and 5).
 */
import { partitionOf } from '../../../base/arn.ts'
import type { Clock } from '../../../base/clock.ts'
import { invalidCiphertext, KmsError } from '../../../base/errors.ts'
import { BLOB_NONCE_BYTES, type BlobKey, INNER_SUITE, openBlob, sealBlob } from '../../../crypto/ciphertext-blob.ts'
import { externalAad, externalBlob, parseExternalBlob } from '../../../crypto/external-blob.ts'
import type { Key } from '../../keys/key.ts'
import type { ExternalKeyStore } from '../custom-key-store.ts'
import type { KeyStoreBackend, StoreMessage } from '../key-store-backend.ts'
import { createFailureLog, type FailedCall } from './failure-log.ts'
import type { ExternalKeyFacts } from './proxy-answers.ts'
import type { ProxyClient, RequestMetadata } from './proxy-client.ts'
import { refuseSharedProxy } from './proxy-conflicts.ts'
import { createProxyConnections, isSameWay, type ProxyConnectionsOptions } from './proxy-connections.ts'
import { configuringError, connectionError, creatingKeyError, cryptographicError, ProxyError } from './proxy-failure.ts'
import { routeOf } from './proxy-route.ts'
import { createRepeatedIvs } from './repeated-ivs.ts'

export interface ExternalKeyStoreOptions extends ProxyConnectionsOptions {
  readonly clock: Clock
}

const SUITE = 0x10

export function createExternalKeyStoreBackend(options: ExternalKeyStoreOptions): KeyStoreBackend<ExternalKeyStore> {
  const { network, random, log } = options
  const connections = createProxyConnections(options)
  const logFailure = createFailureLog(log, options.clock)
  const isRepeatedIv = createRepeatedIvs()

  /** What fails below is logged, and becomes what the kind of call makes of it. */
  async function translated<T>(
    store: ExternalKeyStore,
    call: FailedCall,
    toError: (error: ProxyError) => Error,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error
      const located = isServiceWithoutAddress(store, error)
        ? new ProxyError('service without address', error.detail)
        : error
      logFailure(store, call, located)
      throw toError(located)
    }
  }

  async function checkHealth(client: ProxyClient, kmsOperation: string, kmsRequestId: string): Promise<void> {
    const states = await client.health({ kmsOperation, kmsRequestId })
    if (states.every((state) => state === 'UNAVAILABLE')) {
      throw new ProxyError('all managers unavailable', `${states.length} of them`)
    }
  }

  async function probe(store: ExternalKeyStore, operation: string, requestId: string): Promise<void> {
    const client = await connections.probe(store)
    try {
      await checkHealth(client, operation, requestId)
    } finally {
      client.close()
    }
  }

  async function send<T>(
    store: ExternalKeyStore,
    key: Key,
    { operation, call, contextHash }: StoreMessage,
    work: (client: ProxyClient, externalId: string, about: RequestMetadata, aad: Buffer) => Promise<T>,
  ): Promise<T> {
    const externalId = key.customKeyStore!.xksKeyId!
    const names = { partition: partitionOf(key.region), account: key.account, keyId: key.keyId }
    const aad = externalAad(names, externalId, materialIdOf(key), contextHash)
    const { requestId, principal } = call
    const kmsViaService = principal.invokedBy?.split('.', 1)[0]
    const about = {
      awsPrincipalArn: principal.arn,
      kmsKeyArn: key.arn,
      kmsOperation: operation,
      kmsRequestId: requestId,
      ...(kmsViaService !== undefined && { kmsViaService }),
    }
    return translated(store, { operation, requestId }, cryptographicError, async () =>
      work(await connections.of(store), externalId, about, aad),
    )
  }

  return {
    type: 'EXTERNAL_KEY_STORE',
    async inspect(candidate, previous, { requestId }, reader) {
      await refuseSharedProxy(candidate, reader)
      // A new name of the store is nothing to ask a proxy about.
      if (previous !== undefined && isSameWay(candidate, previous)) return
      const operation = previous === undefined ? 'CreateCustomKeyStore' : 'UpdateCustomKeyStore'
      await translated(candidate, { operation, requestId }, configuringError, async () => {
        // A new store behind a private route is only asked when it is connected (OP-1).
        if (previous === undefined && candidate.connectivity === 'VPC_ENDPOINT_SERVICE') routeOf(candidate, network)
        else await probe(candidate, operation, requestId)
      })
    },
    checkConflicts: (candidate, _previous, reader) => refuseSharedProxy(candidate, reader),
    async checkConnectable() {},
    async connect(store) {
      const operation = 'ConnectCustomKeyStore'
      const requestId = random.uuid()
      try {
        await translated(store, { operation, requestId }, connectionError, async () => {
          await checkHealth(await connections.of(store), operation, requestId)
        })
      } catch (error) {
        connections.drop(store)
        throw error
      }
    },
    async disconnect(name) {
      connections.drop(name)
    },
    async createKey(store, { xksKeyId }, { principal, requestId }) {
      const externalId = xksKeyId!
      const operation = 'CreateKey'
      const about = { awsPrincipalArn: principal.arn, kmsOperation: operation, kmsRequestId: requestId }
      const facts = await translated(store, { operation, requestId }, creatingKeyError, async () =>
        (await connections.of(store)).keyMetadata(externalId, about),
      )
      refuseUnusableKey(facts)
      return { suite: SUITE, materialId: undefined }
    },
    // The external key is its owner's, who made it.
    async deleteKey() {
      return undefined
    },
    async encrypt(store, key, message, plaintext) {
      const material = await message.innerMaterial()
      const nonces = random.nonce(BLOB_NONCE_BYTES)
      const inner = sealBlob(material, nonces, message.contextHash, plaintext, INNER_SUITE)
      const sealed = await send(store, key, message, (client, externalId, about, aad) =>
        client.encrypt(externalId, about, inner, aad),
      )
      if (isRepeatedIv(key.arn, sealed)) {
        log.error(
          { store: store.storeId, key: key.arn },
          'an external key manager gave an IV twice: its random source is broken',
        )
      }
      return externalBlob(materialIdOf(key), sealed)
    },
    async decrypt(store, key, message, blob) {
      const parsed = parseExternalBlob(blob)
      if (parsed === undefined || parsed.materialId !== key.currentMaterialId) throw invalidCiphertext()
      const material = await message.innerMaterial()
      return send(store, key, message, async (client, externalId, about, aad) => {
        const inner = await client.decrypt(externalId, about, parsed.sealed, aad)
        return openInner(material, message.contextHash, inner)
      })
    },
    async close() {
      connections.close()
    },
  }
}

/**
 * KS-5: what the proxy gave back is authentic by its own word, so one that does not open is the proxy's fault, and no
 * `InvalidCiphertextException`. @throws {ProxyError}
 */
function openInner(material: BlobKey, contextHash: Buffer, inner: Buffer): Buffer {
  try {
    return openBlob(material, contextHash, inner, INNER_SUITE)
  } catch (error) {
    if (!(error instanceof KmsError)) throw error
    throw new ProxyError('malformed answer', 'plaintext is not what was sealed for this key and encryption context')
  }
}

/** Keys in stores never rotate: it is the only one. */
function materialIdOf({ currentMaterialId }: Key): Buffer {
  return Buffer.from(currentMaterialId!, 'hex')
}

/** A name that leads nowhere is the fault of the one who wrote it: of the store, or of the operator's table. */
function isServiceWithoutAddress({ connectivity }: ExternalKeyStore, { failure }: ProxyError): boolean {
  return connectivity === 'VPC_ENDPOINT_SERVICE' && failure === 'no address'
}

/** keystores.md 3.5: only such a key can be used at all. */
function refuseUnusableKey({ keySpec, keyUsage, keyStatus }: ExternalKeyFacts): void {
  const fault = faultOf(keySpec, keyUsage, keyStatus)
  if (fault !== undefined) throw new KmsError('XksKeyInvalidConfigurationException', fault)
}

function faultOf(keySpec: string, keyUsage: readonly string[], keyStatus: string): string | undefined {
  if (keySpec !== 'AES_256') return 'The external key must be a 256-bit symmetric encryption key, AES_256.'
  if (!keyUsage.includes('ENCRYPT') || !keyUsage.includes('DECRYPT')) {
    return 'The usage of the external key must include ENCRYPT and DECRYPT.'
  }
  if (keyStatus === 'ENABLED') return undefined
  const status = keyStatus === 'DISABLED' ? ' The status of specified external key is DISABLED.' : ''
  return `The status of the external key must be ENABLED.${status}`
}
