/** Changes what is known of a custom key store; nothing at the HSM or the proxy changes (operations.md 3.50, keystores.md OP-4). */
import { validationError } from '../base/errors.ts'
import { type Infer, optional, structure } from '../base/schema.ts'
import type { CloudHsmKeyStore, CustomKeyStore, ExternalKeyStore } from '../domain/key-stores/custom-key-store.ts'
import { invalidStoreState } from '../domain/key-stores/key-store-errors.ts'
import { checkStoreName } from '../domain/key-stores/new-key-store.ts'
import { defineChange } from '../pipeline/operation.ts'
import {
  auditedParameters,
  authenticationCredential,
  checkConnectivity,
  clusterId,
  connectivity,
  keyStorePassword,
  keyStoreUse,
  newVpcEndpointServiceName,
  noteStore,
  refuseForeignParameters,
  storeId,
  storeName,
  storeNamed,
  uriEndpoint,
  uriPath,
  vpcEndpointServiceOwner,
} from './shapes/key-stores.ts'

const input = structure({
  CustomKeyStoreId: storeId,
  NewCustomKeyStoreName: optional(storeName),
  KeyStorePassword: optional(keyStorePassword),
  CloudHsmClusterId: optional(clusterId),
  XksProxyUriEndpoint: optional(uriEndpoint),
  XksProxyUriPath: optional(uriPath),
  XksProxyVpcEndpointServiceName: optional(newVpcEndpointServiceName),
  XksProxyVpcEndpointServiceOwner: optional(vpcEndpointServiceOwner),
  XksProxyAuthenticationCredential: optional(authenticationCredential),
  XksProxyConnectivity: optional(connectivity),
})

type Input = Infer<typeof input>

/** Of a disconnected store only; the other properties may change while it is connected, too. */
const FOR_DISCONNECTED = [
  'KeyStorePassword',
  'CloudHsmClusterId',
  'XksProxyUriEndpoint',
  'XksProxyConnectivity',
  'XksProxyVpcEndpointServiceName',
  'XksProxyVpcEndpointServiceOwner',
] as const satisfies readonly (keyof Input)[]

/** One property that may not change now fails all of it. */
function checkState(store: CustomKeyStore, input: Input): void {
  const { connectionState: state } = store
  if (state === 'DISCONNECTED') return
  if (state === 'CONNECTED' && FOR_DISCONNECTED.every((name) => input[name] === undefined)) return
  throw invalidStoreState(store)
}

/** @param secret sealed; `undefined`: the caller gave none. */
function changed(store: CustomKeyStore, input: Input, secret: Buffer | undefined, time: number): CustomKeyStore {
  const name = input.NewCustomKeyStoreName ?? store.name
  return store.type === 'AWS_CLOUDHSM'
    ? changedHsm({ ...store, name }, input, secret)
    : changedProxy({ ...store, name }, input, secret, time)
}

function changedHsm(store: CloudHsmKeyStore, input: Input, secret: Buffer | undefined): CloudHsmKeyStore {
  const clusterId = input.CloudHsmClusterId ?? store.clusterId
  if (secret === undefined) return { ...store, clusterId }
  // Whatever was about to take the place of the former password is of no interest any more.
  return { ...store, clusterId, secret, pendingSecret: undefined, isSecretRefused: false }
}

function changedProxy(
  store: ExternalKeyStore,
  input: Input,
  secret: Buffer | undefined,
  time: number,
): ExternalKeyStore {
  const connectivity = input.XksProxyConnectivity ?? store.connectivity
  const isPrivate = connectivity === 'VPC_ENDPOINT_SERVICE'
  const { XksProxyVpcEndpointServiceName: service, XksProxyVpcEndpointServiceOwner: owner } = input
  return {
    ...store,
    connectivity,
    uriEndpoint: input.XksProxyUriEndpoint ?? store.uriEndpoint,
    uriPath: input.XksProxyUriPath ?? store.uriPath,
    accessKeyId: input.XksProxyAuthenticationCredential?.AccessKeyId ?? store.accessKeyId,
    secret: secret ?? store.secret,
    credentialSetAt: secret === undefined ? store.credentialSetAt : time,
    vpcEndpointServiceName: isPrivate ? service || store.vpcEndpointServiceName : undefined,
    vpcEndpointServiceOwner: isPrivate ? (owner ?? store.vpcEndpointServiceOwner ?? store.account) : undefined,
  }
}

/** Parameters that do not go together, or not with the store. @throws {KmsError} `ValidationException` */
function checkParameters(store: CustomKeyStore, input: Input): void {
  refuseForeignParameters(input, store.type)
  if (store.type === 'AWS_CLOUDHSM') return
  const { XksProxyConnectivity: wanted = store.connectivity, XksProxyUriEndpoint } = input
  if (wanted !== store.connectivity) {
    if (XksProxyUriEndpoint === undefined) {
      throw validationError(`XksProxyUriEndpoint is required to change XksProxyConnectivity to ${wanted}.`)
    }
    checkConnectivity(input)
  } else if (wanted === 'PUBLIC_ENDPOINT') checkConnectivity(input)
}

/** A new name is nothing that the HSM or the proxy has a say in. */
function isAboutBacking({ CustomKeyStoreId: _id, NewCustomKeyStoreName: _name, ...backing }: Input): boolean {
  return Object.values(backing).some((value) => value !== undefined)
}

export const UpdateCustomKeyStore = defineChange({
  name: 'UpdateCustomKeyStore',
  input,
  uses: [keyStoreUse('kms:UpdateCustomKeyStore')],
  audit: {
    readOnly: false,
    parameters: (input) => ({
      customKeyStoreId: input.CustomKeyStoreId,
      newCustomKeyStoreName: input.NewCustomKeyStoreName,
      ...auditedParameters(input),
    }),
  },
  /** @returns the sealed secret, if the caller gave one. */
  async prepare(input, context): Promise<Buffer | undefined> {
    const { call, store: records, keyStores, additionalEventData } = context
    const store = await storeNamed(records, context, input)
    noteStore(additionalEventData, store)
    checkParameters(store, input)
    checkState(store, input)
    const given = input.KeyStorePassword ?? input.XksProxyAuthenticationCredential?.RawSecretAccessKey
    const secret = given === undefined ? undefined : await keyStores.secrets.seal(store, store.type, given)
    const candidate = changed(store, input, secret, call.time)
    await checkStoreName(records, candidate)
    if (isAboutBacking(input)) await keyStores.backendOf(store.type).inspect(candidate, store, call, records)
    return secret
  },
  async handler(input, context, secret) {
    const { call, change, keyStores } = context
    const store = await storeNamed(change, context, input)
    checkState(store, input)
    const candidate = changed(store, input, secret, call.time)
    await checkStoreName(change, candidate)
    if (isAboutBacking(input)) await keyStores.backendOf(store.type).checkConflicts(candidate, store, change)
    await change.updateKeyStore(candidate)
    return {}
  },
})
