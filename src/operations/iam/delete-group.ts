/** Deletes a group that has no users and no policies any more. */
import { structure } from '../../base/schema.ts'
import { checkGroupIsUnused } from '../../domain/identity/entity-rules.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { groupName } from '../shapes/iam-members.ts'
import { GROUP, locateOwner } from '../shapes/iam-owners.ts'
import { requireGroup } from '../shapes/iam-users.ts'

export const DeleteGroup = defineChange({
  service: 'iam',
  name: 'DeleteGroup',
  input: structure({ GroupName: groupName }),
  uses: [
    {
      on: 'entity',
      locate: ({ GroupName }, lookup) => locateOwner(GROUP, GroupName, lookup),
      permission: 'iam:DeleteGroup',
    },
  ],
  audit: { readOnly: false, parameters: ({ GroupName }) => ({ groupName: GroupName }) },
  async handler({ GroupName }, { call, change }) {
    const group = await requireGroup(change, call.principal.account, GroupName)
    await checkGroupIsUnused(change, group)
    await change.deleteGroup(group)
  },
})
