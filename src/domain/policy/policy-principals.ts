/** The forms that a principal may have in a key policy (authorization.md 1.2). */

const PARTITION = '(aws|aws-cn|aws-us-gov)'
const NAME = '[\\w+=,.@-]{1,64}'
/** No wildcard: a principal is either everyone or exactly one (P-1). */
const PATH = '([!-)+->@-~]+/)?'

const AWS_FORMS = [
  /^\*$/,
  /^\d{12}$/,
  new RegExp(`^arn:${PARTITION}:iam::\\d{12}:(root|(user|role)/${PATH}${NAME})$`),
  new RegExp(`^arn:${PARTITION}:sts::\\d{12}:(assumed-role/${NAME}|federated-user)/${NAME}$`),
  // What an ARN becomes once its user or role is gone (P-4).
  /^(AIDA|AROA)[A-Z0-9]{12,124}$/,
]

const SERVICE = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?$/

/** `Federated` belongs to trust policies, `CanonicalUser` to another service: no form of them is valid here. */
const FORMS: ReadonlyMap<string, readonly RegExp[]> = new Map([
  ['AWS', AWS_FORMS],
  ['Service', [SERVICE]],
  ['Federated', []],
  ['CanonicalUser', []],
])

/** `undefined` for a type that the policy language does not know. */
export function principalForms(type: string): readonly RegExp[] | undefined {
  return FORMS.get(type)
}
