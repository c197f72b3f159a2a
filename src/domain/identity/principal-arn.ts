/** ARNs of principals, in their parts (authorization.md 1.2, 2.1). */

export type PrincipalArn =
  | { readonly kind: 'root'; readonly account: string }
  | {
      readonly kind: 'user' | 'role'
      readonly account: string
      /** `/` or `/team/`. */
      readonly path: string
      readonly name: string
    }
  /** Roles are named without their paths here. */
  | { readonly kind: 'role session'; readonly account: string; readonly name: string; readonly session: string }
  | { readonly kind: 'federated user'; readonly account: string; readonly name: string }

const ROOT = /^arn:aws(?:-cn|-us-gov)?:iam::(\d{12}):root$/
const ENTITY = /^arn:aws(?:-cn|-us-gov)?:iam::(\d{12}):(user|role)(\/(?:[\x21-\x7e]+\/)?)([\w+=,.@-]{1,64})$/
const ROLE_SESSION = /^arn:aws(?:-cn|-us-gov)?:sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,64})\/([\w+=,.@-]{2,64})$/
const FEDERATED_USER = /^arn:aws(?:-cn|-us-gov)?:sts::(\d{12}):federated-user\/([\w+=,.@-]{2,32})$/

/** `undefined` for every other text: wildcards, groups and paths of sessions are none of these. */
export function parsePrincipalArn(text: string): PrincipalArn | undefined {
  const root = ROOT.exec(text)
  if (root !== null) return { kind: 'root', account: root[1]! }
  const entity = ENTITY.exec(text)
  if (entity !== null) {
    const [, account, kind, path, name] = entity as unknown as [string, string, 'user' | 'role', string, string]
    return { kind, account, path, name }
  }
  const session = ROLE_SESSION.exec(text)
  if (session !== null) return { kind: 'role session', account: session[1]!, name: session[2]!, session: session[3]! }
  const federated = FEDERATED_USER.exec(text)
  return federated === null ? undefined : { kind: 'federated user', account: federated[1]!, name: federated[2]! }
}

export function roleSessionArn(account: string, roleName: string, session: string): string {
  return `arn:aws:sts::${account}:assumed-role/${roleName}/${session}`
}

export function federatedUserArn(account: string, name: string): string {
  return `arn:aws:sts::${account}:federated-user/${name}`
}
