/** The access keys of a user, or of the caller if he names nobody; oldest first, without their secrets. */
import { optional, structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { dateTime } from '../shapes/iam-answers.ts'
import { existingUserName } from '../shapes/iam-members.ts'
import { iamPageByPosition, pageMembers } from '../shapes/iam-paging.ts'
import { checkNamesUser, locateUserOrCaller, requireUserOrCaller } from '../shapes/iam-users.ts'

export const ListAccessKeys = defineOperation({
  service: 'iam',
  name: 'ListAccessKeys',
  input: structure({ UserName: optional(existingUserName), ...pageMembers }),
  check: checkNamesUser,
  uses: [{ on: 'entity', locate: locateUserOrCaller, permission: 'iam:ListAccessKeys' }],
  audit: {
    readOnly: true,
    parameters: ({ UserName, Marker, MaxItems }) => ({ userName: UserName, marker: Marker, maxItems: MaxItems }),
  },
  async handler(input, { call, store }) {
    const { account, user } = await requireUserOrCaller(store, call, input)
    const accessKeys = await store.listAccessKeys(account, user?.userName)
    const { items, end } = iamPageByPosition(input, 'ListAccessKeys', accessKeys)
    const AccessKeyMetadata = items.map(({ userName, accessKeyId, active, createdAt }) => ({
      UserName: userName,
      AccessKeyId: accessKeyId,
      Status: active ? 'Active' : 'Inactive',
      CreateDate: dateTime(createdAt),
    }))
    return { AccessKeyMetadata, ...end }
  },
})
