/** Renames a group, or moves it to another path. */
import { optional, structure } from '../../base/schema.ts'
import { entityArn } from '../../domain/identity/entity-arns.ts'
import { checkGroupNameIsFree } from '../../domain/identity/entity-rules.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { groupName, path } from '../shapes/iam-members.ts'
import { GROUP, locateOwner } from '../shapes/iam-owners.ts'
import { requireGroup } from '../shapes/iam-users.ts'

export const UpdateGroup = defineChange({
  service: 'iam',
  name: 'UpdateGroup',
  input: structure({ GroupName: groupName, NewPath: optional(path), NewGroupName: optional(groupName) }),
  uses: [
    {
      on: 'entity',
      locate: ({ GroupName }, lookup) => locateOwner(GROUP, GroupName, lookup),
      permission: 'iam:UpdateGroup',
    },
    // Who may rename a group must also be allowed to make it what it becomes.
    {
      on: 'entity',
      applies: ({ NewPath, NewGroupName }) => NewPath !== undefined || NewGroupName !== undefined,
      async locate({ GroupName, NewPath, NewGroupName }, { call, store }) {
        const { account } = call.principal
        const group = await store.findGroup(account, GroupName)
        const newPath = NewPath ?? group?.path ?? '/'
        return { arn: entityArn(account, 'group', newPath, NewGroupName ?? group?.groupName ?? GroupName) }
      },
      permission: 'iam:UpdateGroup',
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ GroupName, NewPath, NewGroupName }) => ({
      groupName: GroupName,
      newPath: NewPath,
      newGroupName: NewGroupName,
    }),
  },
  async handler({ GroupName, NewPath, NewGroupName }, { call, change }) {
    const { account } = call.principal
    const group = await requireGroup(change, account, GroupName)
    if (NewGroupName !== undefined) await checkGroupNameIsFree(change, account, NewGroupName, group)
    await change.updateGroup({ ...group, path: NewPath ?? group.path, groupName: NewGroupName ?? group.groupName })
  },
})
