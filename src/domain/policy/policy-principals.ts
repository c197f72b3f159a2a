/** The forms that a principal may have in a policy (authorization.md 1.2). */

const PARTITION = '(aws|aws-cn|aws-us-gov)'
const NAME = '[\\w+=,.@-]{1,64}'
/** No wildcard: a principal is either everyone or exactly one (P-1). */
const PATH = '([!-)+->@-~]+/)?'

const AWS_FORMS: readonly RegExp[] = [
  /^\*$/,
  /^\d{12}$/,
  new RegExp(`^arn:${PARTITION}:iam::\\d{12}:(root|(user|role)/${PATH}${NAME})$`),
  new RegExp(`^arn:${PARTITION}:sts::\\d{12}:(assumed-role/${NAME}|federated-user)/${NAME}$`),
  // What an ARN becomes once its user or role is gone (P-4).
  /^(AIDA|AROA)[A-Z0-9]{12,124}$/,
]

/** Whether there is such a service is looked at when principals are bound (P-8). */
const SERVICE_FORMS: readonly RegExp[] = [/^(?=.{3,128}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/]

const FEDERATED_FORMS: readonly RegExp[] = [
  new RegExp(`^arn:${PARTITION}:iam::\\d{12}:(oidc|saml)-provider/[\\w.:/+=,@-]{1,255}$`),
  // Host and path of an OIDC provider.
  /^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?(\/[\w.:/+=,@-]{0,255})?$/i,
]

/** By type of principal. A type without forms is known to the policy language and valid in no policy of its kind. */
export type PrincipalForms = Readonly<Record<string, readonly RegExp[]>>

export const KEY_POLICY_PRINCIPALS: PrincipalForms = { AWS: AWS_FORMS, Service: SERVICE_FORMS }
export const TRUST_POLICY_PRINCIPALS: PrincipalForms = { ...KEY_POLICY_PRINCIPALS, Federated: FEDERATED_FORMS }

export function isValidPrincipal(forms: PrincipalForms, { type, text }: { type: string; text: string }): boolean {
  return forms[type]?.some((form) => form.test(text)) === true
}

const ENTITY_ARN = new RegExp(`^arn:${PARTITION}:iam::\\d{12}:(user|role)/`)
const UNIQUE_ID = /^(AIDA|AROA)/

/** Users and roles are bound to the unique ids that they have when the policy is saved (P-4); nothing else is (P-5). */
export function isEntityArn(text: string): boolean {
  return ENTITY_ARN.test(text)
}

export function isUniqueId(text: string): boolean {
  return UNIQUE_ID.test(text)
}
