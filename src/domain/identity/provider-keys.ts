/**
 * The public keys with which identity providers sign (OpenID Connect Discovery 1.0): fetched when first needed, kept as long
 * as their server says within bounds, and fetched again for a key that is not among them, but not often: whoever makes up key
 * ids must not make this machine a nuisance to the provider.
 */
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JSONWebKeySet, type JWSHeaderParameters } from 'jose'
import { LRUCache } from 'lru-cache'
import { KmsError } from '../../base/errors.ts'
import {
  CACHED_PROVIDERS_MAX,
  PROVIDER_KEYS_AGE_MS_MAX,
  PROVIDER_KEYS_AGE_MS_MIN,
  PROVIDER_KEYS_COUNT_MAX,
  PROVIDER_KEYS_REFETCH_MS,
} from '../../base/limits.ts'
import type { Log } from '../../base/log.ts'

/** What the operator says of one identity provider. */
export interface ProviderSettings {
  /** As in its tokens. */
  readonly url: string
  /** Its keys, which are then not fetched (closed networks). */
  readonly jwks?: JSONWebKeySet
  /** It may be on a private address. */
  readonly isPrivate?: boolean
  /** PEM certificates to trust beside the usual ones. */
  readonly ca?: string
}

export type FetchDocument = (
  url: string,
  options: { readonly isPrivate: boolean; readonly ca: string | undefined },
) => Promise<{ readonly text: string; readonly maxAgeMs: number | undefined }>

export interface ProviderKeysOptions {
  /** Rejects whatever goes wrong. */
  readonly fetchDocument: FetchDocument
  readonly providers: readonly ProviderSettings[]
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic: () => number
  readonly log: Log
}

export interface ProviderKeys {
  /**
   * The key for a token.
   * @param issuer the provider's URL, as in the token.
   * @throws {KmsError} `IDPCommunicationError` if the provider does not answer, `InvalidIdentityToken` if it has no such key.
   */
  find(issuer: string, header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey>
}

type KeySet = ReturnType<typeof createLocalJWKSet>

interface Fetched {
  readonly keys: KeySet
  readonly fetchedAt: number
  readonly freshUntil: number
}

export function createProviderKeys({ fetchDocument, monotonic, log, ...options }: ProviderKeysOptions): ProviderKeys {
  const providers = new Map(options.providers.map((provider) => [provider.url, provider]))
  const given = new Map(
    options.providers.flatMap(({ url, jwks }) => (jwks === undefined ? [] : [[url, createLocalJWKSet(jwks)] as const])),
  )
  const fetched = new LRUCache<string, Fetched>({ max: CACHED_PROVIDERS_MAX })
  const failedAt = new LRUCache<string, number>({ max: CACHED_PROVIDERS_MAX })
  /** Requests that come meanwhile wait for the same answer. */
  const fetching = new Map<string, Promise<Fetched>>()

  async function load(issuer: string): Promise<Fetched> {
    const { isPrivate = false, ca } = providers.get(issuer) ?? {}
    const how = { isPrivate, ca }
    try {
      const discovery = await fetchDocument(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, how)
      const { text, maxAgeMs = PROVIDER_KEYS_AGE_MS_MIN } = await fetchDocument(jwksUri(discovery.text, issuer), how)
      const keys = keySet(text)
      const now = monotonic()
      const age = Math.min(Math.max(maxAgeMs, PROVIDER_KEYS_AGE_MS_MIN), PROVIDER_KEYS_AGE_MS_MAX)
      const made = { keys, fetchedAt: now, freshUntil: now + age }
      fetched.set(issuer, made)
      return made
    } catch (error) {
      failedAt.set(issuer, monotonic())
      log.warn({ err: error, issuer }, 'cannot get the keys of an identity provider')
      throw error instanceof KmsError ? error : unreachable(error)
    }
  }

  function fetchKeys(issuer: string): Promise<Fetched> {
    const known = fetching.get(issuer)
    if (known !== undefined) return known
    const failed = failedAt.get(issuer)
    if (failed !== undefined && monotonic() - failed < PROVIDER_KEYS_REFETCH_MS) return Promise.reject(unreachable())
    const loading = load(issuer).finally(() => fetching.delete(issuer))
    fetching.set(issuer, loading)
    return loading
  }

  async function findFetched(issuer: string, header: JWSHeaderParameters, token: FlattenedJWSInput) {
    const known = fetched.get(issuer)
    const current = known !== undefined && monotonic() < known.freshUntil ? known : await fetchKeys(issuer)
    try {
      return await current.keys(header, token)
    } catch (error) {
      const mayBeNew = error instanceof errors.JWKSNoMatchingKey && current === known
      if (!mayBeNew || monotonic() - current.fetchedAt < PROVIDER_KEYS_REFETCH_MS) throw error
      return (await fetchKeys(issuer)).keys(header, token)
    }
  }

  return {
    async find(issuer, header, token) {
      const keys = given.get(issuer)
      try {
        return await (keys === undefined ? findFetched(issuer, header, token) : keys(header, token))
      } catch (error) {
        throw error instanceof KmsError ? error : noKey(error)
      }
    },
  }
}

/** @throws {KmsError} for a document that is not what discovery asks for; the issuer in it must be the token's, to the letter. */
function jwksUri(text: string, issuer: string): string {
  const document = parseObject(text)
  const { issuer: stated, jwks_uri: uri } = document as { issuer?: unknown; jwks_uri?: unknown }
  if (stated !== issuer || typeof uri !== 'string') throw noKey(new Error('not the discovery document of this issuer'))
  return uri
}

function keySet(text: string): KeySet {
  const { keys } = parseObject(text) as { keys?: unknown }
  if (!Array.isArray(keys) || keys.length > PROVIDER_KEYS_COUNT_MAX) throw noKey(new Error('not a usable set of keys'))
  return createLocalJWKSet({ keys })
}

function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch (cause) {
    throw noKey(cause)
  }
  throw noKey(new Error('not a JSON object'))
}

function noKey(cause: unknown): KmsError {
  const text =
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
  return new KmsError('InvalidIdentityToken', text, { cause })
}

function unreachable(cause?: unknown): KmsError {
  const text = 'The identity provider (IdP) that was asked to verify the incoming identity token could not be reached.'
  return new KmsError('IDPCommunicationError', text, { cause })
}
