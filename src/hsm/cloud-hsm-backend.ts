/** AWS_CLOUDHSM key stores over PKCS #11 (keystores.md section 2). */
import { partitionOf } from '../base/arn.ts'
import { invalidCiphertext, KmsError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import {
  DERIVED_SUITE,
  DIRECT_SUITE,
  HSM_NONCE_BYTES,
  type HsmBinding,
  type HsmSuite,
  hsmBody,
  hsmMessageOf,
  newHsmMessage,
  padded,
  unpadded,
} from '../crypto/hsm-blob.ts'
import type { RandomSource } from '../crypto/random.ts'
import type { CloudHsmKeyStore } from '../domain/key-stores/custom-key-store.ts'
import type { DeletedBackingKey, KeyStoreBackend, StoreMessage } from '../domain/key-stores/key-store-backend.ts'
import type { PasswordRotation } from '../domain/key-stores/password-rotation.ts'
import type { Key } from '../domain/keys/key.ts'
import {
  type Clusters,
  checkRelated,
  checkTokens,
  checkTrustAnchor,
  clusterNamed,
  refuseUsedCluster,
} from './clusters.ts'
import type { StoreKeys } from './connection-services.ts'
import { createConnections } from './connections.ts'
import type { HsmCluster } from './hsm-cluster.ts'
import { HsmError } from './messages.ts'

export interface CloudHsmServices {
  readonly clusters: readonly HsmCluster[]
  readonly passwords: PasswordRotation
  readonly keys: StoreKeys
  readonly random: RandomSource
  readonly log: Log
}

/** Random bytes of a key's material id, which is its CKA_ID. */
const ID_BYTES = 32

export function createCloudHsmBackend(services: CloudHsmServices): KeyStoreBackend<CloudHsmKeyStore> {
  const { random, log } = services
  const clusters: Clusters = new Map(services.clusters.map((cluster) => [cluster.clusterId, cluster]))
  const connections = createConnections({ ...services, clusters })

  return {
    type: 'AWS_CLOUDHSM',

    async inspect(candidate, previous, _call, reader) {
      // A password is not tried before the store is connected.
      if (previous?.clusterId === candidate.clusterId) return
      const cluster = clusterNamed(clusters, candidate.clusterId)
      await checkTokens(cluster, cluster.minCreate)
      if (previous !== undefined) checkRelated(clusters, candidate)
      await refuseUsedCluster(clusters, candidate, reader)
      checkTrustAnchor(cluster, candidate.trustAnchorCertificate)
    },
    async checkConflicts(candidate, previous, reader) {
      if (previous?.clusterId !== candidate.clusterId) await refuseUsedCluster(clusters, candidate, reader)
    },
    async checkConnectable({ clusterId }) {
      const cluster = clusters.get(clusterId)
      // Not in this operation's list of errors: the store goes to FAILED with CLUSTER_NOT_FOUND instead.
      if (cluster !== undefined) await checkTokens(cluster, cluster.minConnect)
    },
    connect: (store) => connections.connect(store),
    disconnect: (name) => connections.close(name),
    close: () => connections.closeAll(),

    async createKey(store, { arn }, _call, reserve) {
      const { minCreate, derivesKeys } = clusterNamed(clusters, store.clusterId)
      const { canDerive, tokens } = await connections.status(store)
      if (tokens < minCreate) {
        const text = `CloudHSM cluster ${store.clusterId} has ${tokens} active HSMs; at least ${minCreate} are needed.`
        throw new KmsError('CloudHsmClusterInvalidConfigurationException', text)
      }
      const id = random.nonce(ID_BYTES)
      const materialId = id.toString('hex')
      await reserve(materialId)
      const derives = derivesKeys && canDerive
      await connections.call(store, 'generateKey', { id, label: arn, derives })
      return { suite: derives ? DERIVED_SUITE : DIRECT_SUITE, materialId }
    },
    async deleteKey(store, { arn, currentMaterialId }): Promise<DeletedBackingKey> {
      const backingKeyId = currentMaterialId!
      try {
        if (store.connectionState !== 'CONNECTED') throw new Error(`${store.storeId} is ${store.connectionState}`)
        const id = Buffer.from(backingKeyId, 'hex')
        const { keyHandle } = await connections.call(store, 'destroyKey', { id, label: arn })
        return { backingKeyId, keyHandle, deletionStatus: 'SUCCESS', isMissing: false }
      } catch (error) {
        const orphan = { customKeyStoreId: store.storeId, backingKeyId, keyArn: arn }
        log.warn({ ...orphan, err: error }, 'a key could not be deleted in its HSM, where it stays behind')
        const isMissing = error instanceof KmsError && (error.cause as { code?: string })?.code === 'KEY_MISSING'
        return { backingKeyId, keyHandle: undefined, deletionStatus: 'FAILURE', isMissing }
      }
    },

    async encrypt(store, key, message, plaintext) {
      const { header, iv, aad, derivationData } = newHsmMessage(bindingOf(key, message), random.nonce(HSM_NONCE_BYTES))
      const data = padded(plaintext)
      const token = { id: idOf(key), iv, aad, derivationData, data }
      const sealed = await connections.call(store, 'encrypt', token).finally(() => data.fill(0))
      return Buffer.concat([header, sealed])
    },
    async decrypt(store, key, message, blob) {
      const found = hsmMessageOf(bindingOf(key, message), blob)
      const { iv, aad, derivationData } = found
      const token = { id: idOf(key), iv, aad, derivationData, data: hsmBody(found, blob) }
      try {
        return unpadded(await connections.call(store, 'decrypt', token))
      } catch (error) {
        if (error instanceof HsmError && error.code === 'INVALID_CIPHERTEXT') throw invalidCiphertext(error)
        throw error
      }
    },
    randomBytes: (store, length) => connections.call(store, 'random', { length }),
  }
}

function idOf({ currentMaterialId }: Key): Buffer {
  return Buffer.from(currentMaterialId!, 'hex')
}

function bindingOf(key: Key, { contextHash }: StoreMessage): HsmBinding {
  const { account, region, keyId, customKeyStore } = key
  const suite = customKeyStore!.suite as HsmSuite
  return { partition: partitionOf(region), account, keyId, suite, materialId: idOf(key), contextHash }
}
