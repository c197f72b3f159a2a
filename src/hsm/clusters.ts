/** The clusters that the operator configured, and which tokens of them are there (keystores.md 2.1, OP-1). */
import { KmsError } from '../base/errors.ts'
import { certificateDigest } from '../crypto/certificate-digest.ts'
import type { CloudHsmKeyStore } from '../domain/key-stores/custom-key-store.ts'
import { ConnectionError } from '../domain/key-stores/key-store-backend.ts'
import type { KeyStoreReader } from '../domain/key-stores/key-store-records.ts'
import type { HsmCluster } from './hsm-cluster.ts'
import { HsmError, type TokenState } from './messages.ts'
import { openTokens } from './open-tokens.ts'

export type Clusters = ReadonlyMap<string, HsmCluster>

export function clusterNotFound(clusterId: string): KmsError {
  return new KmsError('CloudHsmClusterNotFoundException', `CloudHSM cluster ${clusterId} is not found.`)
}

/** With its tokens. @throws {KmsError} `CloudHsmClusterNotFoundException` */
export function clusterNamed(clusters: Clusters, clusterId: string): HsmCluster {
  const cluster = clusters.get(clusterId)
  if (cluster === undefined) throw clusterNotFound(clusterId)
  return cluster
}

/**
 * The initialised tokens of the cluster, as the library shows them now.
 *
 * @throws {HsmError} if the library cannot be asked. @throws {ConnectionError} `CLUSTER_NOT_FOUND` if a name is several tokens'.
 */
export async function tokensOf(cluster: HsmCluster): Promise<readonly TokenState[]> {
  return openTokens(cluster, cluster.tokens, async (client, found) => {
    await client.close()
    return chosenTokens(cluster, found)
  })
}

export function chosenTokens({ clusterId }: HsmCluster, found: readonly (readonly TokenState[])[]) {
  if (found.some((tokens) => tokens.length > 1)) {
    throw new ConnectionError('CLUSTER_NOT_FOUND', `several tokens have a label that ${clusterId} names`)
  }
  return found.flat().filter(({ isInitialized }) => isInitialized)
}

/**
 * What creating a store, or connecting it, is refused with at once.
 *
 * @param min tokens that must be there. @throws {KmsError} of the CloudHsmCluster exceptions.
 */
export async function checkTokens(cluster: HsmCluster, min: number): Promise<void> {
  const { clusterId } = cluster
  const tokens = await askedTokens(cluster)
  if (tokens.length === 0) {
    throw new KmsError('CloudHsmClusterNotActiveException', `CloudHSM cluster ${clusterId} has no initialized HSM.`)
  }
  if (tokens.length >= min) return
  const text = `CloudHSM cluster ${clusterId} has ${tokens.length} active HSMs; at least ${min} are needed.`
  throw new KmsError('CloudHsmClusterInvalidConfigurationException', text)
}

async function askedTokens(cluster: HsmCluster): Promise<readonly TokenState[]> {
  try {
    return await tokensOf(cluster)
  } catch (cause) {
    if (cause instanceof ConnectionError) {
      const text = `Several HSMs have a name that CloudHSM cluster ${cluster.clusterId} is configured with.`
      throw new KmsError('CloudHsmClusterInvalidConfigurationException', text, { cause })
    }
    if (!(cause instanceof HsmError)) throw cause
    // Callers of the API learn no paths; whoever can mend it reads the log.
    const text =
      cause.code === 'NO_PACKAGE'
        ? 'This server lacks the package pkcs11js, which CloudHSM key stores need.'
        : `The HSMs of CloudHSM cluster ${cluster.clusterId} cannot be reached.`
    throw new KmsError('CloudHsmClusterInvalidConfigurationException', text, { cause })
  }
}

/** OP-4: clusters of one certificate are related, and exclude one another. */
export function relatedClusters(clusters: Clusters, { trustAnchorDigest }: HsmCluster): readonly string[] {
  return [...clusters.values()]
    .filter((other) => other.trustAnchorDigest === trustAnchorDigest)
    .map(({ clusterId }) => clusterId)
}

/** @throws {KmsError} `CloudHsmClusterInUseException` if another store has the cluster, or one with the same certificate. */
export async function refuseUsedCluster(
  clusters: Clusters,
  { storeId, clusterId }: CloudHsmKeyStore,
  reader: KeyStoreReader,
): Promise<void> {
  const related = relatedClusters(clusters, clusterNamed(clusters, clusterId))
  const users = await reader.keyStoresOfClusters(related)
  if (users.every((user) => user.storeId === storeId)) return
  const text = `CloudHSM cluster ${clusterId}, or a related one, is already associated with a custom key store.`
  throw new KmsError('CloudHsmClusterInUseException', text)
}

/** @throws {KmsError} `IncorrectTrustAnchorException` */
export function checkTrustAnchor({ clusterId, trustAnchorDigest }: HsmCluster, pem: string): void {
  if (certificateDigest(pem) === trustAnchorDigest) return
  const text = `The trust anchor certificate is not that of CloudHSM cluster ${clusterId}.`
  throw new KmsError('IncorrectTrustAnchorException', text)
}

/** @throws {KmsError} `CloudHsmClusterNotRelatedException` if the store's new cluster has another certificate than its former. */
export function checkRelated(clusters: Clusters, candidate: CloudHsmKeyStore): void {
  const cluster = clusterNamed(clusters, candidate.clusterId)
  if (certificateDigest(candidate.trustAnchorCertificate) === cluster.trustAnchorDigest) return
  const text = `CloudHSM cluster ${cluster.clusterId} is not related to the one of the custom key store.`
  throw new KmsError('CloudHsmClusterNotRelatedException', text)
}
