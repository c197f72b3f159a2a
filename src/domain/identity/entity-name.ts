/** The names that ARNs of IAM hold (authorization.md 6.1); IAM belongs to no Region. */
import { parseArn } from '../../base/arn.ts'

/** An alias of an account. */
export const ACCOUNT_ALIAS = /^[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]$/
export const ACCOUNT_ALIAS_RULE = '3 to 63 lower-case letters, digits and single hyphens'

export interface EntityName {
  readonly account: string
  /** `user`, `role`, `policy`, … */
  readonly kind: string
  /** `/` or `/team/`. */
  readonly path: string
  readonly name: string
}

/** The parts of an ARN such as `arn:aws:iam::111122223333:user/team/alice`; `undefined` for any other text. */
export function parseEntityArn(text: string): EntityName | undefined {
  const arn = parseArn(text)
  if (arn?.partition !== 'aws' || arn.service !== 'iam' || arn.region !== '') return undefined
  const [, kind, path, name] = /^([a-z-]+)(\/(?:.*\/)?)([^/]+)$/.exec(arn.resource) ?? []
  if (kind === undefined) return undefined
  return { account: arn.account, kind, path: path!, name: name! }
}

/** Of a managed policy. @param path begins and ends with `/`. */
export function policyArn(account: string, path: string, policyName: string): string {
  return `arn:aws:iam::${account}:policy${path}${policyName}`
}
