/** Tokens of OpenID Connect providers, the way Kubernetes and build servers log in (authorization.md 6.5). */
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { SECOND_MS } from '../../base/clock.ts'
import { KmsError } from '../../base/errors.ts'
import { WEB_IDENTITY_SKEW_MS_MAX } from '../../base/limits.ts'
import type { StoredOidcProvider } from './entities.ts'
import type { VerifiedWebIdentity } from './identity-services.ts'
import type { IdentityReader } from './identity-store.ts'
import type { ProviderKeys } from './provider-keys.ts'

/** Never `none`, never HMAC: the key of a provider is no secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']

export interface WebIdentityServices {
  readonly store: Pick<IdentityReader, 'findOidcProvider'>
  readonly keys: ProviderKeys
}

export type VerifyWebIdentity = (token: string, account: string, now: number) => Promise<VerifiedWebIdentity>

export function createWebIdentities({ store, keys }: WebIdentityServices): VerifyWebIdentity {
  return async function verify(token, account, now) {
    const issuer = claimedIssuer(token)
    const provider = await findProvider(store, account, issuer)
    const claims = await verifiedClaims(token, issuer, keys, now)
    const { sub, aud, azp } = claims
    if (typeof sub !== 'string' || sub === '') throw invalid('Missing a required claim: sub')
    if (claims.iat! * SECOND_MS > now + WEB_IDENTITY_SKEW_MS_MAX) throw invalid('Unacceptable claim: iat')
    const audiences = azp === undefined ? [aud].flat() : [azp]
    if (audiences.length > 1) {
      throw invalid('Token audience contains more than one audience while authorized party is not present')
    }
    const [accepted] = audiences
    if (typeof accepted !== 'string' || !provider.clientIds.includes(accepted))
      throw invalid('Incorrect token audience')
    return { providerArn: provider.arn, issuer: hostAndPath(issuer)!, subject: sub, audience: accepted, claims }
  }
}

function invalid(text: string, cause?: unknown): KmsError {
  return new KmsError('InvalidIdentityToken', text, { cause })
}

/** Nothing of it is proved yet: it only says whom to ask for keys. */
function claimedIssuer(token: string): string {
  try {
    const { iss } = decodeJwt(token)
    if (typeof iss === 'string') return iss
  } catch (cause) {
    if (!(cause instanceof errors.JOSEError)) throw cause
    throw invalid(
      'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
      cause,
    )
  }
  throw invalid('Missing a required claim: iss')
}

/** As in the ARN of the provider and in condition keys: without the scheme and without a slash at the end. */
function hostAndPath(issuer: string): string | undefined {
  return issuer.startsWith('https://') ? issuer.slice('https://'.length).replace(/\/$/, '') : undefined
}

async function findProvider(
  store: WebIdentityServices['store'],
  account: string,
  issuer: string,
): Promise<StoredOidcProvider> {
  const name = hostAndPath(issuer)
  const arn = `arn:aws:iam::${account}:oidc-provider/${name}`
  const provider = name === undefined || name.length > ISSUER_CHARS_MAX ? undefined : await store.findOidcProvider(arn)
  if (provider !== undefined) return provider
  throw invalid(`No OpenIDConnect provider found in your account for ${issuer.slice(0, ISSUER_CHARS_MAX)}`)
}

/** Of what can be registered. */
const ISSUER_CHARS_MAX = 255

/** Signature first, then times. */
async function verifiedClaims(token: string, issuer: string, keys: ProviderKeys, now: number): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, (header, jws) => keys.find(issuer, header, jws), {
      algorithms: ALGORITHMS,
      issuer,
      requiredClaims: ['sub', 'aud', 'exp', 'iat'],
      currentDate: new Date(now),
      clockTolerance: WEB_IDENTITY_SKEW_MS_MAX / SECOND_MS,
    })
    return payload
  } catch (error) {
    throw refusal(error, now)
  }
}

function refusal(error: unknown, now: number): unknown {
  if (error instanceof errors.JWTExpired) {
    const seconds = Math.floor(now / SECOND_MS)
    const text = `Token expired: current date/time ${seconds} must be before the expiration date/time ${error.payload.exp}`
    return new KmsError('ExpiredTokenException', text, { cause: error })
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const text =
      error.reason === 'missing' ? `Missing a required claim: ${error.claim}` : `Unacceptable claim: ${error.claim}`
    return invalid(text, error)
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid('Unsupported signature algorithm', error)
  if (error instanceof errors.JOSEError) return invalid('The signature of the token is not valid', error)
  // A key that does not fit its algorithm, or is too short.
  return error instanceof TypeError ? invalid('The key of the token cannot be used', error) : error
}
