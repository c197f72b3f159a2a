/**
 * The one place that decides whether a principal may do something (authorization.md section 2). A pure function: everything
 * it looks at is in the request.
 *
 * Until key policies, identity policies and grants are evaluated, the rule is: a principal may use whatever its own account
 * owns, and nothing else (docs/divergences.md).
 */
import { KmsError } from '../../base/errors.ts'
import type { Key } from '../keys/key.ts'
import type { Principal } from '../principal.ts'

/** Condition keys and their values, asked for only if a policy names one (authorization.md section 3). */
export type ConditionContext = Readonly<Record<string, string | readonly string[] | undefined>>

export interface AuthorizedResource {
  readonly kind: 'key' | 'alias' | 'account'
  /** Key ARN or alias ARN; `*` for an account's own operations. */
  readonly arn: string
  readonly account: string
  /** `undefined` for other kinds and for keys that do not exist. */
  readonly key?: Key | undefined
  /** The caller did not name the key, its ciphertext did: denials must not echo it (authorization.md ). */
  readonly foundByCiphertext?: boolean
}

export interface AuthorizationRequest {
  readonly principal: Principal
  /** `kms:Decrypt` */
  readonly action: string
  readonly resource: AuthorizedResource
  /** May this action be used from another account at all (authorization.md 2.5)? */
  readonly crossAccount: boolean
  /** May a grant allow it (authorization.md 4.2)? */
  readonly grantable: boolean
  readonly grantTokens: readonly string[]
  readonly context: () => ConditionContext
}

/** @throws {KmsError} `AccessDeniedException` with the text of authorization.md 5.2. */
export function authorize(request: AuthorizationRequest): void {
  if (request.resource.account !== request.principal.account) throw deniedAcrossAccounts(request)
}

const NOT_VISIBLE =
  'the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'

/** whether the resource exists must not show. */
function deniedAcrossAccounts({ principal, action, resource }: AuthorizationRequest): KmsError {
  const where = resource.foundByCiphertext ? 'the resource associated with this ciphertext' : 'this resource'
  const text = `User: ${principal.arn} is not authorized to perform: ${action} on ${where} because ${NOT_VISIBLE}`
  return new KmsError('AccessDeniedException', text)
}
