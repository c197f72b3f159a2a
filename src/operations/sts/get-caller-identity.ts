/** Tells callers who they are; needs no permission, and works even under an explicit deny (authorization.md 6.3). */
import { structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'

export const GetCallerIdentity = defineOperation({
  service: 'sts',
  name: 'GetCallerIdentity',
  input: structure({}),
  uses: [],
  audit: { readOnly: true },
  handler(_input, { call: { principal } }) {
    return { UserId: principal.principalId, Account: principal.account, Arn: principal.arn }
  },
})
