/** A group and its users, in order of their names. */
import { structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { groupName } from '../shapes/iam-members.ts'
import { GROUP, locateOwner } from '../shapes/iam-owners.ts'
import { iamPage, iamPageStart, pageMembers } from '../shapes/iam-paging.ts'
import { groupAnswer, requireGroup, userEntry } from '../shapes/iam-users.ts'

export const GetGroup = defineOperation({
  service: 'iam',
  name: 'GetGroup',
  input: structure({ GroupName: groupName, ...pageMembers }),
  uses: [
    {
      on: 'entity',
      locate: ({ GroupName }, lookup) => locateOwner(GROUP, GroupName, lookup),
      permission: 'iam:GetGroup',
    },
  ],
  audit: {
    readOnly: true,
    parameters: ({ GroupName, Marker, MaxItems }) => ({ groupName: GroupName, marker: Marker, maxItems: MaxItems }),
  },
  async handler(input, { call, store }) {
    const group = await requireGroup(store, call.principal.account, input.GroupName)
    const found = await store.listUsersOfGroup(group.groupId, iamPageStart(input, 'GetGroup'))
    const { items, end } = iamPage(input, 'GetGroup', found, ({ userName }) => userName)
    return { Group: groupAnswer(group), Users: items.map(userEntry), ...end }
  },
})
