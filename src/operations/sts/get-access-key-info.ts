/** The account that an access key id belongs to: it is written in the id (authorization.md 6.1). */
import { validationError } from '../../base/errors.ts'
import { string, structure } from '../../base/schema.ts'
import { accountOfAccessKeyId } from '../../domain/identity/identifiers.ts'
import { defineOperation } from '../../pipeline/operation.ts'

export const GetAccessKeyInfo = defineOperation({
  service: 'sts',
  name: 'GetAccessKeyInfo',
  input: structure({ AccessKeyId: string({ min: 16, max: 128, pattern: '[\\w]*' }) }),
  uses: [{ on: 'account', permission: 'sts:GetAccessKeyInfo' }],
  audit: { readOnly: true, parameters: ({ AccessKeyId }) => ({ accessKeyId: AccessKeyId }) },
  handler({ AccessKeyId }) {
    const account = accountOfAccessKeyId(AccessKeyId)
    if (account === undefined) throw validationError('Access key id is not valid.')
    return { Account: account }
  },
})
