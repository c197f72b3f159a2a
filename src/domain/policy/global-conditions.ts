/** Condition keys that every request has (authorization.md 3.3). What is not listed here is absent, as the rules there say. */
import type { Rights } from '../identity/rights.ts'
import { type CallSource, callingService, type Principal, type PrincipalType, type Session } from '../principal.ts'
import { parseAddress } from './address-range.ts'
import type { ConditionValues } from './condition-values.ts'

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
  /** What a service says of the resource for which it calls. */
  readonly source?: CallSource | undefined
  /** That owns the resource. */
  readonly resourceAccount: string
}

export function globalConditions(facts: RequestFacts): ConditionValues {
  const { principal, time } = facts
  const values: Values = {
    'aws:PrincipalType': PRINCIPAL_TYPES[principal.type],
    'aws:PrincipalIsAWSService': String(principal.type === 'AWSService'),
    'aws:ViaAWSService': String(principal.invokedBy !== undefined),
    // The address of a service is not the address of whom it serves.
    'aws:SourceIp': callingService(principal) === undefined ? sourceAddress(facts.sourceIp) : undefined,
    'aws:SecureTransport': String(facts.secureTransport),
    'aws:CurrentTime': new Date(time).toISOString(),
    'aws:EpochTime': String(Math.floor(time / 1000)),
    'aws:UserAgent': facts.userAgent || undefined,
    'aws:referer': facts.referer || undefined,
    'aws:RequestedRegion': facts.region,
    'aws:ResourceAccount': facts.resourceAccount || undefined,
  }
  if (principal.type === 'WebIdentityUser') values['aws:FederatedProvider'] = principal.principalArn
  else if (principal.type === 'AWSService') addService(values, principal, facts.source)
  else addAccountPrincipal(values, principal)
  if (principal.invokedBy !== undefined) addForwarding(values, principal.invokedBy)
  if (principal.session !== undefined) addSession(values, principal.session, time)
  for (const { key, value } of facts.rights.tags) values[`aws:PrincipalTag/${key}`] = value
  return values
}

type Values = Record<string, string | readonly string[] | undefined>

/** `undefined`: AWS gives no name for it. */
const PRINCIPAL_TYPES: Readonly<Record<PrincipalType, string | undefined>> = {
  Root: 'Account',
  IAMUser: 'User',
  AssumedRole: 'AssumedRole',
  FederatedUser: 'FederatedUser',
  // The request has no signature.
  WebIdentityUser: 'Anonymous',
  AWSService: undefined,
}

/** S-3. */
function addService(values: Values, { arn: name }: Principal, source: CallSource | undefined): void {
  values['aws:PrincipalServiceName'] = name
  values['aws:PrincipalServiceNamesList'] = [name]
  values['aws:SourceArn'] = source?.arn
  values['aws:SourceAccount'] = source?.account
}

/** A forward access session (S-2). */
function addForwarding(values: Values, service: string): void {
  values['aws:CalledVia'] = [service]
  values['aws:CalledViaFirst'] = service
  values['aws:CalledViaLast'] = service
}

function addAccountPrincipal(values: Values, principal: Principal): void {
  values['aws:PrincipalArn'] = principal.principalArn
  values['aws:PrincipalAccount'] = principal.account
  values['aws:userid'] = principal.principalId
  if (principal.type === 'IAMUser') values['aws:username'] = principal.userName
}

/** Of temporary credentials only: with long-term ones the keys of MFA are absent, not false. */
function addSession(values: Values, session: Session, time: number): void {
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
