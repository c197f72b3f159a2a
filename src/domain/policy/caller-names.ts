/** The names by which policies can mean a caller, and what it means to be named so (authorization.md 1.2, 2.1). */
import type { Principal } from '../principal.ts'
import type { PrincipalForm } from './principal-form.ts'

export interface CallerName {
  /** As a `Principal` element has it. */
  readonly text: string
  readonly form: PrincipalForm
}

export interface CallerNames {
  readonly names: readonly CallerName[]
  /** The account's root, or somebody that it vouches for. */
  readonly isRoot: boolean
  /** By which type of `Principal` element policies name such callers. */
  readonly namedBy: PrincipalElementType
  /** `NotPrincipal` exempts a caller who is named on each of these levels (P-10): on each by one of its texts. */
  readonly levels: readonly (readonly string[])[]
}

/** Principals of accounts; services; providers, for callers that are known by a token of theirs alone. */
export type PrincipalElementType = 'AWS' | 'Service' | 'Federated'

const known = new WeakMap<Principal, CallerNames>()

/** Remembered by the principal: there is one object for all calls with the same credential. */
export function callerNames(principal: Principal): CallerNames {
  let names = known.get(principal)
  if (names === undefined) {
    names = findNames(principal)
    known.set(principal, names)
  }
  return names
}

function findNames(principal: Principal): CallerNames {
  if (principal.type === 'WebIdentityUser') return webIdentityNames(principal)
  return principal.type === 'AWSService' ? serviceNames(principal) : accountNames(principal)
}

function serviceNames({ arn }: Principal): CallerNames {
  return { names: [{ text: arn, form: 'SERVICE' }], isRoot: false, namedBy: 'Service', levels: [[arn]] }
}

/**
 * `principalArn` is the ARN of the OIDC provider that vouches for the caller; policies name the ARN, or the provider's host
 * and path. The policy of the role alone judges, as it does for services (E-11).
 */
function webIdentityNames({ principalArn }: Principal): CallerNames {
  const provider = principalArn.slice(principalArn.indexOf('/') + 1)
  const texts = [principalArn, provider]
  return {
    names: texts.map((text) => ({ text, form: 'SERVICE' })),
    isRoot: false,
    namedBy: 'Federated',
    levels: [texts],
  }
}

function accountNames(principal: Principal): CallerNames {
  const { type, account, entityId, arn, principalArn } = principal
  const accountTexts = [account, `arn:aws:iam::${account}:root`]
  const ofAccount: CallerName[] = accountTexts.map((text) => ({ text, form: 'ACCOUNT' }))
  const ofSession: CallerName[] = [{ text: arn, form: 'SESSION' }]
  const isRoot = entityId === account
  const common = { isRoot, namedBy: 'AWS' } as const
  switch (type) {
    case 'IAMUser': {
      const texts = [entityId, principalArn]
      return { ...common, names: [...named(texts, 'USER'), ...ofAccount], levels: [accountTexts, texts] }
    }
    case 'AssumedRole': {
      const texts = [entityId, principalArn]
      // Whoever names the role names its sessions, so the level of the session asks for nothing more.
      return { ...common, names: [...ofSession, ...named(texts, 'ROLE'), ...ofAccount], levels: [accountTexts, texts] }
    }
    case 'FederatedUser': {
      if (isRoot) return { ...common, names: [...ofSession, ...ofAccount], levels: [accountTexts, [arn]] }
      const ofUser = named([entityId], 'FEDERATED_USER_OF_USER')
      return { ...common, names: [...ofSession, ...ofUser, ...ofAccount], levels: [accountTexts, [entityId]] }
    }
    default:
      return { ...common, names: ofAccount, levels: [accountTexts] }
  }
}

function named(texts: readonly string[], form: PrincipalForm): CallerName[] {
  return texts.map((text) => ({ text, form }))
}
