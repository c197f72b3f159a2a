/** The names that ARNs of IAM hold (authorization.md 6.1); IAM belongs to no Region. */
import { parseArn } from '../../base/arn.ts'

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
