/** Inline policies by name: AWS was recorded to ignore its case, and to keep the spelling of the first put. */
import type { StoredInlinePolicy } from './entities.ts'
import type { IdentityReader } from './identity-store.ts'

/** The very name comes first: earlier versions kept two that differ in case apart. */
export async function findInlinePolicy(
  reader: IdentityReader,
  ownerId: string,
  policyName: string,
): Promise<StoredInlinePolicy | undefined> {
  const exact = await reader.findInlinePolicy(ownerId, policyName)
  if (exact !== undefined) return exact
  const name = policyName.toLowerCase()
  const all = await reader.listInlinePolicies(ownerId)
  return all.find((policy) => policy.policyName.toLowerCase() === name)
}
