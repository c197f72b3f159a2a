/** Makes a group of users. */
import { optional, structure } from '../../base/schema.ts'
import type { StoredGroup } from '../../domain/identity/entities.ts'
import { entityArn } from '../../domain/identity/entity-arns.ts'
import { checkNewGroup } from '../../domain/identity/entity-rules.ts'
import { uniqueIdOf } from '../../domain/identity/identifiers.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { groupName, path } from '../shapes/iam-members.ts'
import { auditedDate, groupAnswer } from '../shapes/iam-users.ts'

export const CreateGroup = defineChange({
  service: 'iam',
  name: 'CreateGroup',
  input: structure({ Path: optional(path), GroupName: groupName }),
  uses: [
    {
      on: 'entity',
      locate: ({ Path = '/', GroupName }, { call }) => ({
        arn: entityArn(call.principal.account, 'group', Path, GroupName),
      }),
      permission: 'iam:CreateGroup',
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ GroupName, Path }) => ({ groupName: GroupName, path: Path }),
    response: ({ Group: { Path, GroupName, GroupId, Arn, CreateDate } }) => ({
      group: { path: Path, groupName: GroupName, groupId: GroupId, arn: Arn, createDate: auditedDate(CreateDate) },
    }),
  },
  async handler({ Path = '/', GroupName }, { call, change, random }) {
    const { account } = call.principal
    await checkNewGroup(change, account, GroupName)
    const group: StoredGroup = {
      account,
      groupName: GroupName,
      groupId: uniqueIdOf('group', random),
      path: Path,
      createdAt: call.time,
    }
    await change.insertGroup(group)
    return { Group: groupAnswer(group) }
  },
})
