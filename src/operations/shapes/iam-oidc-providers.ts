/** OpenID Connect providers that a request names. */
import { KmsError, validationError } from '../../base/errors.ts'
import { list, string } from '../../base/schema.ts'
import type { StoredOidcProvider } from '../../domain/identity/entities.ts'
import { noSuchEntity } from '../../domain/identity/iam-errors.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import type { EntityLookup, LocatedEntity } from '../../pipeline/operation.ts'
import { arn } from './iam-members.ts'

export const clientId = string({ min: 1, max: 255 })
export const thumbprints = list(string({ min: 40, max: 40 }))

const THUMBPRINTS_MAX = 5
const CLIENT_IDS_MAX = 100

/** @throws {KmsError} `InvalidInput` */
export function checkThumbprints(given: readonly string[]): void {
  if (given.length <= THUMBPRINTS_MAX) return
  throw new KmsError('InvalidInput', `Thumbprint list must contain fewer than ${THUMBPRINTS_MAX} entries.`)
}

/** @throws {KmsError} `LimitExceeded` */
export function checkClientIds(clientIds: readonly string[]): void {
  if (clientIds.length <= CLIENT_IDS_MAX) return
  throw new KmsError('LimitExceeded', `Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: ${CLIENT_IDS_MAX}`)
}

const ISSUER = /^https:\/\/([a-zA-Z0-9.-]+(?::\d{1,5})?(?:\/[\x21\x24-\x3e\x40-\x7e]*)?)$/

/**
 * Host and path of an issuer: what ARNs, principals and condition keys have of it.
 * @throws {KmsError} `ValidationException` for what is no https address, or has a query, a fragment or credentials.
 */
export function issuerOf(url: string): string {
  const [, issuer] = ISSUER.exec(url) ?? []
  if (issuer === undefined) throw validationError('Invalid Open ID Connect Provider URL')
  return issuer.endsWith('/') ? issuer.slice(0, -1) : issuer
}

export function providerArn(account: string, issuer: string): string {
  return `arn:aws:iam::${account}:oidc-provider/${issuer}`
}

export interface ProviderRequest {
  readonly OpenIDConnectProviderArn: string
}

export const providerMembers = { OpenIDConnectProviderArn: arn } as const

const PROVIDER_ARN = /^arn:aws:iam::\d{12}:oidc-provider\/.+$/

/** For `check`. @throws {KmsError} `ValidationException` for a text that names no provider. */
export function checkProviderArn({ OpenIDConnectProviderArn }: ProviderRequest): void {
  if (!PROVIDER_ARN.test(OpenIDConnectProviderArn)) throw validationError('Invalid ARN:  Could not be parsed!')
}

/** Other accounts' providers are as good as none. */
async function findProvider(store: IdentityReader, account: string, providerArn: string) {
  const provider = await store.findOidcProvider(providerArn)
  return provider?.account === account ? provider : undefined
}

export async function locateProvider(
  { OpenIDConnectProviderArn }: ProviderRequest,
  { call, store }: EntityLookup,
): Promise<LocatedEntity> {
  const provider = await findProvider(store, call.principal.account, OpenIDConnectProviderArn)
  return { arn: OpenIDConnectProviderArn, ...(provider && { tags: provider.tags }) }
}

/** @throws {KmsError} `NoSuchEntity` */
export async function requireProvider(
  store: IdentityReader,
  account: string,
  { OpenIDConnectProviderArn }: ProviderRequest,
): Promise<StoredOidcProvider> {
  const provider = await findProvider(store, account, OpenIDConnectProviderArn)
  if (provider !== undefined) return provider
  throw noSuchEntity(`OpenIDConnect Provider not found for arn ${OpenIDConnectProviderArn}`)
}
