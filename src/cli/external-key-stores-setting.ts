/** The setting `--external-key-stores`. */
import type { ProxyNetwork } from '../domain/key-stores/xks/proxy-route.ts'

/** @param path of the file; `undefined`: none, and nothing is loaded to read it. @throws {UsageError} for what cannot be used. */
export async function externalKeyStoresIn(path: string | undefined): Promise<ProxyNetwork | undefined> {
  if (path === undefined) return undefined
  const { readExternalKeyStores } = await import('../start/external-key-stores.ts')
  return readExternalKeyStores(path)
}
