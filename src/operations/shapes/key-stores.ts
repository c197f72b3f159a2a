/** Members of the operations on custom key stores, and which of them go together (keystores.md 1.1, SO-2). */
import type { AuditFields } from '../../audit/audit-record.ts'
import { validationError } from '../../base/errors.ts'
import { enumeration, string, structure } from '../../base/schema.ts'
import {
  CUSTOM_KEY_STORE_TYPES,
  type CustomKeyStore,
  type CustomKeyStoreType,
} from '../../domain/key-stores/custom-key-store.ts'
import { keyStoreNotFound } from '../../domain/key-stores/key-store-errors.ts'
import type { KeyStoreReader } from '../../domain/key-stores/key-store-records.ts'
import type { AccountUse } from '../../pipeline/operation.ts'

export const storeId = string({ min: 1, max: 64 })
export const storeName = string({ min: 1, max: 256 })
export const clusterId = string({ min: 19, max: 24, pattern: 'cluster-[2-7a-zA-Z]{11,16}' })
export const trustAnchorCertificate = string({ min: 1, max: 5000 })
export const keyStorePassword = string({ min: 7, max: 32, sensitive: true })
/** Messages name the types in the model's other order (operations.md 1.8). */
export const storeType = enumeration(CUSTOM_KEY_STORE_TYPES, ['EXTERNAL_KEY_STORE', 'AWS_CLOUDHSM'])
export const uriEndpoint = string({ min: 10, max: 128, pattern: '^https://[a-zA-Z0-9.-]+$' })
export const uriPath = string({
  min: 10,
  max: 128,
  pattern: '^(/[a-zA-Z0-9\\/_-]+/kms/xks/v\\d{1,2})$|^(/kms/xks/v\\d{1,2})$',
})
const VPC_SERVICE = '^(com|eu)\\.amazonaws\\.vpce\\.([a-z]+-){2,3}\\d+\\.vpce-svc-[0-9a-z]+$'
export const vpcEndpointServiceName = string({ min: 20, max: 64, pattern: VPC_SERVICE })
/** OP-4: the empty text stands for none. */
export const newVpcEndpointServiceName = string({ min: 0, max: 64, pattern: `^$|${VPC_SERVICE}` })
export const vpcEndpointServiceOwner = string({ min: 12, max: 12, pattern: '[0-9]{12}' })
export const connectivity = enumeration(['PUBLIC_ENDPOINT', 'VPC_ENDPOINT_SERVICE'])
export const authenticationCredential = structure({
  AccessKeyId: string({ min: 20, max: 30, pattern: '^[A-Z2-7]+$', sensitive: true }),
  RawSecretAccessKey: string({ min: 43, max: 64, pattern: '^[a-zA-Z0-9\\/+=]+$', sensitive: true }),
})

/** What an input says of stores of one type; members of both operations. */
export interface StoreParameters {
  readonly CloudHsmClusterId?: string
  readonly TrustAnchorCertificate?: string
  readonly KeyStorePassword?: string
  readonly XksProxyUriEndpoint?: string
  readonly XksProxyUriPath?: string
  readonly XksProxyAuthenticationCredential?: { readonly AccessKeyId: string; readonly RawSecretAccessKey: string }
  readonly XksProxyConnectivity?: 'PUBLIC_ENDPOINT' | 'VPC_ENDPOINT_SERVICE'
  readonly XksProxyVpcEndpointServiceName?: string
  readonly XksProxyVpcEndpointServiceOwner?: string
}

type Parameter = keyof StoreParameters

const PARAMETERS: Readonly<Record<CustomKeyStoreType, readonly Parameter[]>> = {
  AWS_CLOUDHSM: ['CloudHsmClusterId', 'TrustAnchorCertificate', 'KeyStorePassword'],
  EXTERNAL_KEY_STORE: [
    'XksProxyUriEndpoint',
    'XksProxyUriPath',
    'XksProxyAuthenticationCredential',
    'XksProxyConnectivity',
    'XksProxyVpcEndpointServiceName',
    'XksProxyVpcEndpointServiceOwner',
  ],
}

const VPC_PARAMETERS: readonly Parameter[] = ['XksProxyVpcEndpointServiceName', 'XksProxyVpcEndpointServiceOwner']

/** @throws {KmsError} `ValidationException` for parameters of the other type (SO-2). */
export function refuseForeignParameters(input: StoreParameters, type: CustomKeyStoreType): void {
  const other = type === 'AWS_CLOUDHSM' ? 'EXTERNAL_KEY_STORE' : 'AWS_CLOUDHSM'
  const foreign = PARAMETERS[other].find((name) => input[name] !== undefined)
  if (foreign !== undefined) throw validationError(`${foreign} is not valid for custom key stores of type ${type}.`)
}

/** Of a new store. @throws {KmsError} `ValidationException` */
export function checkNewStoreParameters(input: StoreParameters, type: CustomKeyStoreType): void {
  refuseForeignParameters(input, type)
  for (const name of PARAMETERS[type]) {
    if (input[name] !== undefined || VPC_PARAMETERS.includes(name)) continue
    throw validationError(`${name} is required for custom key stores of type ${type}.`)
  }
  if (type === 'EXTERNAL_KEY_STORE') checkConnectivity(input)
}

/** Service name and owner go with VPC_ENDPOINT_SERVICE, and with no other connectivity; the owner may be left out. */
export function checkConnectivity(input: StoreParameters): void {
  const { XksProxyConnectivity: chosen, XksProxyVpcEndpointServiceName: service } = input
  if (chosen === 'VPC_ENDPOINT_SERVICE') {
    if (service) return
    throw validationError('XksProxyVpcEndpointServiceName is required for XksProxyConnectivity VPC_ENDPOINT_SERVICE.')
  }
  const foreign = VPC_PARAMETERS.find((name) => input[name] !== undefined && input[name] !== '')
  if (foreign === undefined) return
  throw validationError(`${foreign} is not valid for XksProxyConnectivity PUBLIC_ENDPOINT.`)
}

/** SO-3: identity policies alone decide, on `*`. */
export function keyStoreUse<Input>(permission: string): AccountUse<Input> {
  return { on: 'account', permission, isAboutKeys: true, isAboutKeyStores: true }
}

interface StoreOfCall {
  readonly call: { readonly principal: { readonly account: string }; readonly region: string }
}

/** @throws {KmsError} `CustomKeyStoreNotFoundException`; only the caller's own are found. */
export async function storeNamed(
  reader: KeyStoreReader,
  { call }: StoreOfCall,
  { CustomKeyStoreId: storeId }: { readonly CustomKeyStoreId: string },
): Promise<CustomKeyStore> {
  const { account } = call.principal
  const store = await reader.findKeyStore({ account, region: call.region, storeId })
  if (store === undefined) throw keyStoreNotFound(storeId)
  return store
}

/** What records say of the store beside what the caller gave (audit.md 4.3). */
export function noteStore(additionalEventData: Record<string, unknown>, store: CustomKeyStore): void {
  additionalEventData.customKeyStoreName = store.name
  if (store.type === 'AWS_CLOUDHSM') additionalEventData.clusterId = store.clusterId
}

/** Passwords and proxy credentials are in no record, nor is the certificate, which AWS's record leaves out (ct-create-keystore). */
export function auditedParameters(input: StoreParameters): AuditFields {
  return {
    clusterId: input.CloudHsmClusterId,
    xksProxyUriEndpoint: input.XksProxyUriEndpoint,
    xksProxyUriPath: input.XksProxyUriPath,
    xksProxyConnectivity: input.XksProxyConnectivity,
    xksProxyVpcEndpointServiceName: input.XksProxyVpcEndpointServiceName,
    xksProxyVpcEndpointServiceOwner: input.XksProxyVpcEndpointServiceOwner,
  }
}
