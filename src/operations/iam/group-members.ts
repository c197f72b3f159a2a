/** AddUserToGroup and RemoveUserFromGroup: both are about the group, and both may find that there is nothing to do. */
import { structure } from '../../base/schema.ts'
import type { StoredGroup, StoredUser } from '../../domain/identity/entities.ts'
import { checkNewMembership } from '../../domain/identity/entity-rules.ts'
import type { Change } from '../../domain/store.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { existingUserName, groupName } from '../shapes/iam-members.ts'
import { GROUP, locateOwner } from '../shapes/iam-owners.ts'
import { requireGroup, requireUser } from '../shapes/iam-users.ts'

function defineMembership(
  name: 'AddUserToGroup' | 'RemoveUserFromGroup',
  apply: (change: Change, user: StoredUser, group: StoredGroup) => Promise<void>,
) {
  return defineChange({
    service: 'iam',
    name,
    input: structure({ GroupName: groupName, UserName: existingUserName }),
    uses: [
      {
        on: 'entity',
        locate: ({ GroupName }, lookup) => locateOwner(GROUP, GroupName, lookup),
        permission: `iam:${name}`,
      },
    ],
    audit: {
      readOnly: false,
      parameters: ({ GroupName, UserName }) => ({ groupName: GroupName, userName: UserName }),
    },
    async handler({ GroupName, UserName }, { call, change }) {
      const { account } = call.principal
      // In the order in which AWS names what is missing.
      const user = await requireUser(change, account, UserName)
      const group = await requireGroup(change, account, GroupName)
      await apply(change, user, group)
    },
  })
}

export const AddUserToGroup = defineMembership('AddUserToGroup', async (change, user, group) => {
  await checkNewMembership(change, user, group)
  await change.addUserToGroup(user, group)
})

export const RemoveUserFromGroup = defineMembership('RemoveUserFromGroup', (change, user, group) =>
  change.removeUserFromGroup(user, group),
)
