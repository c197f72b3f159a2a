/** Condition keys that every request has (authorization.md 3.3). What is not listed here is absent, as the rules there say. */
import type { Rights } from '../identity/rights.ts'
import type { Principal, PrincipalType, Session } from '../principal.ts'
import type { ConditionValues } from './access-request.ts'
import { parseAddress } from './address-range.ts'

export interface RequestFacts {
  readonly principal: Principal
  readonly rights: Pick<Rights, 'tags'>
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly sourceIp: string
  readonly secureTransport: boolean
  /** Headers; absent or empty if not sent. */
  readonly userAgent?: string | undefined
  readonly referer?: string | undefined
  readonly region: string
  /** That owns the resource. */
  readonly resourceAccount: string
}

export function globalConditions(facts: RequestFacts): ConditionValues {
  const { principal, time } = facts
  const values: Record<string, string | undefined> = {
    'aws:PrincipalType': PRINCIPAL_TYPES[principal.type],
    // No caller is a service or comes through one (S-2, S-3).
    'aws:PrincipalIsAWSService': 'false',
    'aws:ViaAWSService': 'false',
    'aws:SourceIp': sourceAddress(facts.sourceIp),
    'aws:SecureTransport': String(facts.secureTransport),
    'aws:CurrentTime': new Date(time).toISOString(),
    'aws:EpochTime': String(Math.floor(time / 1000)),
    'aws:UserAgent': facts.userAgent || undefined,
    'aws:referer': facts.referer || undefined,
    'aws:RequestedRegion': facts.region,
    'aws:ResourceAccount': facts.resourceAccount,
  }
  if (principal.type === 'WebIdentityUser') values['aws:FederatedProvider'] = principal.principalArn
  else addAccountPrincipal(values, principal)
  if (principal.session !== undefined) addSession(values, principal.session, time)
  for (const { key, value } of facts.rights.tags) values[`aws:PrincipalTag/${key}`] = value
  return values
}

const PRINCIPAL_TYPES: Readonly<Record<PrincipalType, string>> = {
  Root: 'Account',
  IAMUser: 'User',
  AssumedRole: 'AssumedRole',
  FederatedUser: 'FederatedUser',
  // The request has no signature.
  WebIdentityUser: 'Anonymous',
}

function addAccountPrincipal(values: Record<string, string | undefined>, principal: Principal): void {
  values['aws:PrincipalArn'] = principal.principalArn
  values['aws:PrincipalAccount'] = principal.account
  values['aws:userid'] = principal.principalId
  if (principal.type === 'IAMUser') values['aws:username'] = principal.userName
}

/** Of temporary credentials only: with long-term ones the keys of MFA are absent, not false. */
function addSession(values: Record<string, string | undefined>, session: Session, time: number): void {
  const { mfaAuthenticatedAt } = session
  values['aws:TokenIssueTime'] = new Date(session.issuedAt).toISOString()
  values['aws:MultiFactorAuthPresent'] = String(mfaAuthenticatedAt !== undefined)
  if (mfaAuthenticatedAt !== undefined) {
    values['aws:MultiFactorAuthAge'] = String(Math.floor((time - mfaAuthenticatedAt) / 1000))
  }
  if (session.federatedProvider !== undefined) values['aws:FederatedProvider'] = session.federatedProvider
  values['aws:SourceIdentity'] = session.sourceIdentity
}

const MAPPED_IPV4 = '0,0,0,0,0,0,0,0,0,0,255,255,'

/** As sockets give it, and as policies mean it: an IPv4 address on a dual-stack socket is one (C-12); zones do not count. */
function sourceAddress(address: string): string {
  if (!address.includes(':')) return address
  const text = address.replace(/%.*$/, '')
  const bytes = parseAddress(text)
  return bytes?.join().startsWith(MAPPED_IPV4) ? bytes.slice(-4).join('.') : text
}
