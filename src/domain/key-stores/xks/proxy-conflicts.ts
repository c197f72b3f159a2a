/** What external key stores of one account and Region must not share (keystores.md OP-1). */
import { KmsError } from '../../../base/errors.ts'
import { CUSTOM_KEY_STORES_PER_ACCOUNT_AND_REGION_MAX } from '../../../base/limits.ts'
import type { CustomKeyStore, ExternalKeyStore } from '../custom-key-store.ts'
import type { KeyStoreReader } from '../key-store-records.ts'

/** @throws {KmsError} for the first thing that another store has already. */
export async function refuseSharedProxy(store: ExternalKeyStore, reader: KeyStoreReader): Promise<void> {
  const page = { after: undefined, limit: CUSTOM_KEY_STORES_PER_ACCOUNT_AND_REGION_MAX }
  const stores = await reader.listKeyStores(store.account, store.region, page)
  const others = stores.filter((other): other is ExternalKeyStore => isOtherExternal(other, store))
  const sameEndpoint = others.filter((other) => hostOf(other) === hostOf(store))
  if (sameEndpoint.some((other) => other.uriPath === store.uriPath)) {
    throw new KmsError(
      'XksProxyUriInUseException',
      'Another external key store has the same XksProxyUriEndpoint and XksProxyUriPath.',
    )
  }
  // The private name of a VPC endpoint service is one store's alone.
  const isPrivateName = store.connectivity === 'VPC_ENDPOINT_SERVICE'
  if (sameEndpoint.some((other) => isPrivateName || other.connectivity !== store.connectivity)) {
    throw new KmsError(
      'XksProxyUriEndpointInUseException',
      'Another external key store has the same XksProxyUriEndpoint.',
    )
  }
  if (isPrivateName && others.some((other) => other.vpcEndpointServiceName === store.vpcEndpointServiceName)) {
    throw new KmsError(
      'XksProxyVpcEndpointServiceInUseException',
      'Another external key store has the same XksProxyVpcEndpointServiceName.',
    )
  }
}

function isOtherExternal(other: CustomKeyStore, { storeId }: ExternalKeyStore): boolean {
  return other.type === 'EXTERNAL_KEY_STORE' && other.storeId !== storeId
}

/** Names of hosts know no case. */
function hostOf({ uriEndpoint }: ExternalKeyStore): string {
  return uriEndpoint.toLowerCase()
}
