/**
 * How stored rules name a principal: by what never comes again, so that a role made anew under an old name is another
 * principal (authorization.md P-4, 4.1).
 *
 *   111122223333           the account: its root, and in rules everybody in it
 *   AIDA…                  a user
 *   AROA…                  a role: any of its sessions
 *   AROA…:session          one session name of that role
 *   111122223333:name      a federated user
 *   s3.amazonaws.com       a service
 *   arn:…                  a principal of an account that is not hosted here (P-7), compared as text
 */
import type { PrincipalForm } from '../policy/principal-form.ts'
import type { Principal } from '../principal.ts'

export type PrincipalRef = string

const forms = new WeakMap<Principal, ReadonlyMap<PrincipalRef, PrincipalForm>>()

/** All references that mean this caller, the narrowest first, and the form in which each reaches him. */
export function formsOf(principal: Principal): ReadonlyMap<PrincipalRef, PrincipalForm> {
  const known = forms.get(principal)
  if (known !== undefined) return known
  const found = findForms(principal)
  forms.set(principal, found)
  return found
}

function findForms(principal: Principal): ReadonlyMap<PrincipalRef, PrincipalForm> {
  const { type, account, entityId, principalId, principalArn, arn } = principal
  switch (type) {
    case 'AWSService':
      return new Map([[arn, 'SERVICE']])
    case 'Root':
      return new Map([[account, 'ACCOUNT']])
    case 'IAMUser':
      return new Map([
        [entityId, 'USER'],
        [arn, 'USER'],
        [account, 'ACCOUNT'],
      ])
    case 'FederatedUser':
      return new Map([
        [principalId, 'SESSION'],
        [arn, 'SESSION'],
        [entityId, 'FEDERATED_USER_OF_USER'],
        // Last, for the root's federated users: the account that vouches for them is no user.
        [account, 'ACCOUNT'],
      ])
    case 'AssumedRole':
    case 'WebIdentityUser':
      return new Map([
        [principalId, 'SESSION'],
        [arn, 'SESSION'],
        [entityId, 'ROLE'],
        [principalArn, 'ROLE'],
        [account, 'ACCOUNT'],
      ])
  }
}
