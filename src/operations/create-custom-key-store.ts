/** Makes a custom key store, not connected yet (operations.md 3.4, keystores.md OP-1). */
import { type Infer, optional, structure } from '../base/schema.ts'
import type { CustomKeyStore } from '../domain/key-stores/custom-key-store.ts'
import { checkStoreName, checkStoreQuota, newStoreId, storeLike } from '../domain/key-stores/new-key-store.ts'
import type { StoreSecrets } from '../domain/key-stores/store-secrets.ts'
import type { RandomSource } from '../domain/services.ts'
import { defineChange } from '../pipeline/operation.ts'
import {
  auditedParameters,
  authenticationCredential,
  checkNewStoreParameters,
  clusterId,
  connectivity,
  keyStorePassword,
  keyStoreUse,
  storeName,
  storeType,
  trustAnchorCertificate,
  uriEndpoint,
  uriPath,
  vpcEndpointServiceName,
  vpcEndpointServiceOwner,
} from './shapes/key-stores.ts'

const input = structure({
  CustomKeyStoreName: storeName,
  CloudHsmClusterId: optional(clusterId),
  TrustAnchorCertificate: optional(trustAnchorCertificate),
  KeyStorePassword: optional(keyStorePassword),
  CustomKeyStoreType: optional(storeType),
  XksProxyUriEndpoint: optional(uriEndpoint),
  XksProxyUriPath: optional(uriPath),
  XksProxyVpcEndpointServiceName: optional(vpcEndpointServiceName),
  XksProxyVpcEndpointServiceOwner: optional(vpcEndpointServiceOwner),
  XksProxyAuthenticationCredential: optional(authenticationCredential),
  XksProxyConnectivity: optional(connectivity),
})

type Input = Infer<typeof input>

interface Prepared {
  readonly candidate: CustomKeyStore
  /** The one that an equal request has made before. */
  readonly made: CustomKeyStore | undefined
}

interface Maker {
  readonly call: {
    readonly principal: { readonly account: string }
    readonly region: string
    readonly time: number
  }
  readonly random: RandomSource
  readonly keyStores: { readonly secrets: StoreSecrets }
}

function typeOf({ CustomKeyStoreType = 'AWS_CLOUDHSM' }: Input): CustomKeyStore['type'] {
  return CustomKeyStoreType
}

/** Parameters of the type are there: that was checked. */
async function candidateOf(input: Input, { call, random, keyStores }: Maker): Promise<CustomKeyStore> {
  const { account } = call.principal
  const name = { account, region: call.region, storeId: newStoreId(random) }
  const seal = (secret: string) => keyStores.secrets.seal(name, typeOf(input), secret)
  const shared = {
    ...name,
    name: input.CustomKeyStoreName,
    createdAt: call.time,
    connectionState: 'DISCONNECTED',
    connectionErrorCode: undefined,
    attempt: 0,
  } as const
  if (typeOf(input) === 'AWS_CLOUDHSM') {
    return {
      ...shared,
      type: 'AWS_CLOUDHSM',
      clusterId: input.CloudHsmClusterId!,
      trustAnchorCertificate: input.TrustAnchorCertificate!,
      secret: await seal(input.KeyStorePassword!),
      pendingSecret: undefined,
      isSecretRefused: false,
    }
  }
  const { AccessKeyId, RawSecretAccessKey } = input.XksProxyAuthenticationCredential!
  const isPrivate = input.XksProxyConnectivity === 'VPC_ENDPOINT_SERVICE'
  return {
    ...shared,
    type: 'EXTERNAL_KEY_STORE',
    uriEndpoint: input.XksProxyUriEndpoint!,
    uriPath: input.XksProxyUriPath!,
    connectivity: input.XksProxyConnectivity!,
    accessKeyId: AccessKeyId,
    credentialSetAt: call.time,
    secret: await seal(RawSecretAccessKey),
    vpcEndpointServiceName: input.XksProxyVpcEndpointServiceName,
    vpcEndpointServiceOwner: isPrivate ? (input.XksProxyVpcEndpointServiceOwner ?? account) : undefined,
  }
}

export const CreateCustomKeyStore = defineChange({
  name: 'CreateCustomKeyStore',
  input,
  check: (input) => checkNewStoreParameters(input, typeOf(input)),
  uses: [keyStoreUse('kms:CreateCustomKeyStore')],
  audit: {
    readOnly: false,
    parameters: (input) => ({
      customKeyStoreName: input.CustomKeyStoreName,
      customKeyStoreType: input.CustomKeyStoreType,
      ...auditedParameters(input),
    }),
    response: ({ CustomKeyStoreId }) => ({ customKeyStoreId: CustomKeyStoreId }),
  },
  async prepare(input, context): Promise<Prepared> {
    const { call, store, keyStores } = context
    const backend = keyStores.backendOf(typeOf(input))
    const candidate = await candidateOf(input, context)
    const made = await storeLike(store, keyStores.secrets, candidate)
    if (made !== undefined) return { candidate, made }
    try {
      await checkStoreQuota(store, candidate)
      await checkStoreName(store, candidate)
      await backend.inspect(candidate, undefined, call, store)
      return { candidate, made }
    } catch (error) {
      // Looking at the HSM takes a while: what is in the way may have been made meanwhile by the same request.
      const twin = await storeLike(store, keyStores.secrets, candidate)
      if (twin === undefined) throw error
      return { candidate, made: twin }
    }
  },
  async handler(_input, { change, keyStores }, { candidate, made }) {
    // Looked for again: it may have been deleted since, or the same request may have come twice at a time.
    const known = made && (await change.findKeyStore(made))
    const present = known ?? (await storeLike(change, keyStores.secrets, candidate))
    if (present !== undefined) return { CustomKeyStoreId: present.storeId }
    await checkStoreQuota(change, candidate)
    await checkStoreName(change, candidate)
    await keyStores.backendOf(candidate.type).checkConflicts(candidate, undefined, change)
    await change.insertKeyStore(candidate)
    return { CustomKeyStoreId: candidate.storeId }
  },
})
