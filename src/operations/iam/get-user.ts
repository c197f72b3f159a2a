/** Describes a user, or the caller if he names nobody. */
import { optional, structure } from '../../base/schema.ts'
import { rootArn } from '../../domain/identity/entity-arns.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { existingUserName } from '../shapes/iam-members.ts'
import { checkNamesUser, locateUserOrCaller, requireUserOrCaller, userAnswer } from '../shapes/iam-users.ts'

export const GetUser = defineOperation({
  service: 'iam',
  name: 'GetUser',
  input: structure({ UserName: optional(existingUserName) }),
  check: checkNamesUser,
  uses: [{ on: 'entity', locate: locateUserOrCaller, permission: 'iam:GetUser' }],
  audit: { readOnly: true, parameters: ({ UserName }) => ({ userName: UserName }) },
  async handler(input, { call, store }) {
    const { account, user } = await requireUserOrCaller(store, call, input)
    // The root has neither name nor path.
    return { User: user === undefined ? { UserId: account, Arn: rootArn(account) } : userAnswer(user) }
  },
})
