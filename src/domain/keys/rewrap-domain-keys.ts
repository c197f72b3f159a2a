/** All domain keys of a store under another root key: prepared outside of a change, because a root key may be slow or far away. */
import { rewrapDomainKey, type WrappedDomainKey } from '../../crypto/domain-key.ts'
import type { RootKey } from '../../crypto/root-key/root-key.ts'
import type { Change, Reader } from '../store.ts'

export interface RewrappedDomainKeys {
  readonly from: RootKey
  readonly to: RootKey
  readonly domainKeys: readonly WrappedDomainKey[]
}

/** `undefined`: the store is no longer under `from`. @throws {RootKeyError} if `to` does not work. */
export async function rewrapDomainKeys(
  reader: Reader,
  from: RootKey,
  to: RootKey,
): Promise<RewrappedDomainKeys | undefined> {
  const present = await reader.listDomainKeys()
  if (present.some(({ rootKeyId }) => rootKeyId !== from.id)) return undefined
  const domainKeys: WrappedDomainKey[] = []
  for (const stored of present) domainKeys.push(await rewrapDomainKey(from, to, stored))
  return { from, to, domainKeys }
}

/** @returns what kept it from being done, with nothing changed; `undefined`: done. */
export async function putRewrapped(
  change: Change,
  { from, to, domainKeys }: RewrappedDomainKeys,
): Promise<'root key changed' | 'domain keys changed' | undefined> {
  const present = await change.listDomainKeys()
  if (present.some(({ rootKeyId }) => rootKeyId !== from.id)) return 'root key changed'
  const ids = new Set(domainKeys.map(({ id }) => id))
  if (present.length !== ids.size || !present.every(({ id }) => ids.has(id))) return 'domain keys changed'
  for (const { id, wrapped } of domainKeys) await change.rewrapDomainKey(id, to.id, wrapped)
  change.announceRootKey(to.id)
  return undefined
}
