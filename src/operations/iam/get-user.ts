/** Describes a user, or the caller if he names nobody. */
import { optional, structure } from '../../base/schema.ts'
import { rootArn } from '../../domain/identity/entity-arns.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { dateTime } from '../shapes/iam-answers.ts'
import { existingUserName } from '../shapes/iam-members.ts'
import { checkNamesUser, locateUserOrCaller, requireUserOrCaller, userAnswer } from '../shapes/iam-users.ts'

/** The root has neither name nor path. */
async function rootAnswer(store: IdentityReader, account: string) {
  const createdAt = await store.accountCreatedAt(account)
  return { UserId: account, Arn: rootArn(account), CreateDate: createdAt && dateTime(createdAt) }
}

export const GetUser = defineOperation({
  service: 'iam',
  name: 'GetUser',
  input: structure({ UserName: optional(existingUserName) }),
  check: checkNamesUser,
  uses: [{ on: 'entity', locate: locateUserOrCaller, permission: 'iam:GetUser' }],
  audit: { readOnly: true, parameters: ({ UserName }) => ({ userName: UserName }) },
  async handler(input, { call, store }) {
    const { account, user } = await requireUserOrCaller(store, call, input)
    return { User: user === undefined ? await rootAnswer(store, account) : userAnswer(user) }
  },
})
