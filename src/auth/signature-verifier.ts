/**
 * Verifies signatures (SigV4). Knows nothing of where access keys come from: `findAccessKey` says whose a key is.
 *
 * Signing keys are kept by credential (access key, day, Region, service; SEC-3) in a cache of their own. An entry is good
 * only while the identity it was derived for is current, so dropping an access key is one step however many it has.
 */
import { LRUCache } from 'lru-cache'
import type { Clock } from '../base/clock.ts'
import { KmsError, unrecognizedClient } from '../base/errors.ts'
import { CACHED_SIGNING_KEYS_MAX, CLOCK_SKEW_MS_MAX } from '../base/limits.ts'
import type { Service } from '../base/services.ts'
import type { SecretKey } from '../crypto/key-object.ts'
import type { MaybePromise } from '../domain/store.ts'
import { canonicalRequestHash } from './canonical-request.ts'
import { createIdentityCache, type FindAccessKey, type Identity, tokenHashOf } from './identity-cache.ts'
import { checkRequestDate } from './request-date.ts'
import { readServiceCall, type ServiceCall, throughService } from './service-calls.ts'
import { createClaimReader, type SignatureClaim } from './signature-claim.ts'
import { type CredentialScope, checkTerms } from './signature-terms.ts'
import type { AuthenticatedRequest, Authenticator, SignedRequest } from './signed-request.ts'
import { deriveSigningKey, equalSignatures, sign } from './signing-key.ts'

interface Signer {
  readonly identity: Identity
  /** `undefined`: signatures of this access key are not checked. */
  readonly key: SecretKey | undefined
  readonly answer: AuthenticatedRequest
}

/** SEC-5. Not a secret: what is signed with it is refused all the same. */
const DUMMY_SECRET = Buffer.from('an unknown access key costs as much work')

export interface VerifierClocks {
  /** By which clients sign. */
  readonly clock: Clock
  /** By which sessions end: the service's. */
  readonly sessionClock: Clock
}

export function createSignatureVerifier(findAccessKey: FindAccessKey, clocks: VerifierClocks): Authenticator {
  const { clock, sessionClock } = clocks
  const readClaim = createClaimReader()
  const identities = createIdentityCache(findAccessKey)
  const signers = new LRUCache<string, Signer>({ max: CACHED_SIGNING_KEYS_MAX })
  let newestDay = ''

  /** A new day makes the signing keys of all days before useless. */
  function keep(credential: string, day: string, signer: Signer): void {
    if (day > newestDay) {
      signers.clear()
      newestDay = day
    }
    signers.set(credential, signer)
  }

  async function makeSigner(identity: Identity, scope: CredentialScope): Promise<Signer> {
    const answer = Object.freeze({ principal: identity.principal, region: scope.region })
    if (identity.openSecret === undefined) return { identity, key: undefined, answer }
    const secret = await identity.openSecret()
    try {
      return { identity, key: deriveSigningKey(secret, scope), answer }
    } finally {
      secret.fill(0)
    }
  }

  async function authenticateFirst(
    request: SignedRequest,
    claim: SignatureClaim,
    scope: CredentialScope,
  ): Promise<AuthenticatedRequest> {
    const identity = await identities.find(scope.accessKeyId, claim.securityToken)
    if (identity === undefined) {
      isSignedWith(deriveSigningKey(DUMMY_SECRET, scope), request, claim, scope)
      throw unrecognizedClient()
    }
    checkExpiry(identity, sessionClock)
    const signer = await makeSigner(identity, scope)
    verify(signer, request, claim, scope)
    // Kept after it has proved right, or others could push signing keys out with made-up Regions.
    if (identity.isCurrent) keep(claim.terms.credential, scope.day, signer)
    return signer.answer
  }

  /** Who calls, once the signature has proved right: a service may call for somebody else. */
  function callerOf(
    who: AuthenticatedRequest,
    request: SignedRequest,
    { terms }: SignatureClaim,
    service: Service,
  ): MaybePromise<AuthenticatedRequest> {
    if (who.principal.type !== 'AWSService') return who
    const { onBehalfOf, source } = readServiceCall(request.headers, terms.signedHeaders, service)
    return onBehalfOf === undefined ? { ...who, source } : forwarded(who, onBehalfOf)
  }

  /** The credentials of the user must be good at this moment, as if he had called himself. */
  async function forwarded(
    { principal: service, region }: AuthenticatedRequest,
    { accessKeyId, sessionToken }: NonNullable<ServiceCall['onBehalfOf']>,
  ): Promise<AuthenticatedRequest> {
    const identity = await identities.find(accessKeyId, sessionToken)
    if (identity === undefined || identity.principal.type === 'AWSService') throw unrecognizedClient()
    checkExpiry(identity, sessionClock)
    return { principal: throughService(identity.principal, service.arn), region }
  }

  return {
    authenticate(request, service = 'kms') {
      const claim = readClaim(request, service)
      checkRequestDate(claim.date, clock.now(), claim.validMs, CLOCK_SKEW_MS_MAX[service])
      const scope = checkTerms(claim.terms, request.headers, claim.date, service)
      const signer = signers.get(claim.terms.credential)
      if (signer === undefined || !signer.identity.isCurrent || !isTokenOf(signer.identity, claim)) {
        return authenticateFirst(request, claim, scope).then((who) => callerOf(who, request, claim, service))
      }
      checkExpiry(signer.identity, sessionClock)
      verify(signer, request, claim, scope)
      return callerOf(signer.answer, request, claim, service)
    },
    drop: identities.drop,
    clear() {
      identities.clear()
      signers.clear()
    },
  }
}

function isTokenOf({ tokenHash }: Identity, { securityToken }: SignatureClaim): boolean {
  return tokenHash === undefined ? securityToken === undefined : tokenHash === tokenHashOf(securityToken)
}

/** Looked at on every request, also of a session that is at hand. */
function checkExpiry({ expiresAt }: Identity, clock: Clock): void {
  if (expiresAt === undefined || clock.now() < expiresAt) return
  throw new KmsError('ExpiredTokenException', 'The security token included in the request is expired')
}

function verify(signer: Signer, request: SignedRequest, claim: SignatureClaim, scope: CredentialScope): void {
  if (signer.key === undefined || isSignedWith(signer.key, request, claim, scope)) return
  throw new KmsError(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  )
}

function isSignedWith(
  key: SecretKey,
  request: SignedRequest,
  { terms, date, signature, parameters }: SignatureClaim,
  scope: CredentialScope,
): boolean {
  const requestHash = canonicalRequestHash(request, terms, parameters)
  return equalSignatures(signature, sign(key, date, scope.text, requestHash))
}
