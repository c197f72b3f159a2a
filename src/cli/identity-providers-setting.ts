/** The setting `--identity-providers`. */
import type { ProviderSettings } from '../domain/identity/provider-keys.ts'

/** @param path of the file; `undefined`: none, and nothing is loaded to read it. @throws {UsageError} for what cannot be used. */
export async function identityProvidersIn(path: string | undefined): Promise<readonly ProviderSettings[]> {
  if (path === undefined) return []
  const { readIdentityProviders } = await import('../start/identity-providers.ts')
  return readIdentityProviders(path)
}
