/** The groups that a user is in, in order of their names. */
import { structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { existingUserName } from '../shapes/iam-members.ts'
import { locateOwner, USER } from '../shapes/iam-owners.ts'
import { iamPageByPosition, pageMembers } from '../shapes/iam-paging.ts'
import { groupAnswer, requireUser } from '../shapes/iam-users.ts'

export const ListGroupsForUser = defineOperation({
  service: 'iam',
  name: 'ListGroupsForUser',
  input: structure({ UserName: existingUserName, ...pageMembers }),
  uses: [
    {
      on: 'entity',
      locate: ({ UserName }, lookup) => locateOwner(USER, UserName, lookup),
      permission: 'iam:ListGroupsForUser',
    },
  ],
  audit: {
    readOnly: true,
    parameters: ({ UserName, Marker, MaxItems }) => ({ userName: UserName, marker: Marker, maxItems: MaxItems }),
  },
  async handler(input, { call, store }) {
    const user = await requireUser(store, call.principal.account, input.UserName)
    const groups = await store.listGroupsOfUser(user.userId)
    const { items, end } = iamPageByPosition(input, 'ListGroupsForUser', groups)
    return { Groups: items.map(groupAnswer), ...end }
  },
})
