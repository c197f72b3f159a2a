/** The setting `--hsm-clusters`. */
import type { HsmCluster } from '../hsm/hsm-cluster.ts'

/** @param path of the file; `undefined`: none, and nothing is loaded to read it. @throws {UsageError} for what cannot be used. */
export async function hsmClustersIn(path: string | undefined): Promise<readonly HsmCluster[]> {
  if (path === undefined) return []
  const { readHsmClusters } = await import('../start/hsm-clusters.ts')
  return readHsmClusters(path)
}
