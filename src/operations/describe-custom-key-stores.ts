/** The custom key stores of an account and Region, or one of them (operations.md 3.12, keystores.md OP-6). */
import { validationError } from '../base/errors.ts'
import { type Infer, optional, structure } from '../base/schema.ts'
import type { CustomKeyStore, ExternalKeyStore } from '../domain/key-stores/custom-key-store.ts'
import { keyStoreNotFound } from '../domain/key-stores/key-store-errors.ts'
import type { KeyStoreReader } from '../domain/key-stores/key-store-records.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { keyStoreUse, storeId, storeName } from './shapes/key-stores.ts'
import { limit, marker } from './shapes/members.ts'
import { page, pageLimit, pageStart } from './shapes/pagination.ts'

const input = structure({
  CustomKeyStoreId: optional(storeId),
  CustomKeyStoreName: optional(storeName),
  Limit: limit,
  Marker: marker,
})

type Input = Infer<typeof input>

function entryOf(store: CustomKeyStore) {
  const isHsm = store.type === 'AWS_CLOUDHSM'
  return {
    CustomKeyStoreId: store.storeId,
    CustomKeyStoreName: store.name,
    ...(isHsm && { CloudHsmClusterId: store.clusterId, TrustAnchorCertificate: store.trustAnchorCertificate }),
    ConnectionState: store.connectionState,
    ...(store.connectionErrorCode !== undefined && { ConnectionErrorCode: store.connectionErrorCode }),
    CreationDate: store.createdAt / 1000,
    CustomKeyStoreType: store.type,
    ...(!isHsm && { XksProxyConfiguration: proxyConfiguration(store) }),
  }
}

function proxyConfiguration(store: ExternalKeyStore) {
  const { vpcEndpointServiceName, vpcEndpointServiceOwner } = store
  return {
    Connectivity: store.connectivity,
    AccessKeyId: store.accessKeyId,
    UriEndpoint: store.uriEndpoint,
    UriPath: store.uriPath,
    ...(vpcEndpointServiceName !== undefined && { VpcEndpointServiceName: vpcEndpointServiceName }),
    ...(vpcEndpointServiceOwner !== undefined && { VpcEndpointServiceOwner: vpcEndpointServiceOwner }),
  }
}

/** `undefined`: the caller named none. */
async function namedStore(
  { CustomKeyStoreId: id, CustomKeyStoreName: name }: Input,
  account: string,
  region: string,
  store: KeyStoreReader,
): Promise<CustomKeyStore | undefined> {
  if (id === undefined && name === undefined) return undefined
  const found =
    id === undefined
      ? await store.findKeyStoreByName(account, region, name!)
      : await store.findKeyStore({ account, region, storeId: id })
  if (found === undefined) throw keyStoreNotFound((id ?? name)!)
  return found
}

export const DescribeCustomKeyStores = defineOperation({
  name: 'DescribeCustomKeyStores',
  input,
  check({ CustomKeyStoreId, CustomKeyStoreName }) {
    if (CustomKeyStoreId === undefined || CustomKeyStoreName === undefined) return
    throw validationError('You cannot specify CustomKeyStoreId and CustomKeyStoreName in the same request.')
  },
  uses: [keyStoreUse('kms:DescribeCustomKeyStores')],
  audit: {
    readOnly: true,
    parameters: ({ CustomKeyStoreId, CustomKeyStoreName, Limit, Marker }) => ({
      customKeyStoreId: CustomKeyStoreId,
      customKeyStoreName: CustomKeyStoreName,
      limit: Limit,
      marker: Marker,
    }),
  },
  async handler(input, { call, store }) {
    const { account } = call.principal
    const scope = ['DescribeCustomKeyStores', account, call.region]
    const size = pageLimit(input, 1000, 1000)
    const after = pageStart(input, scope)
    const named = await namedStore(input, account, call.region, store)
    if (named !== undefined) return { CustomKeyStores: [entryOf(named)], Truncated: false }
    const found = await store.listKeyStores(account, call.region, { after, limit: size + 1 })
    const { items, end } = page(found, size, scope, ({ storeId }) => storeId)
    return { CustomKeyStores: items.map(entryOf), ...end }
  },
})
