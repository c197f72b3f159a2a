/** Makes a user. */
import { optional, structure } from '../../base/schema.ts'
import { checkBoundary } from '../../domain/identity/boundary.ts'
import type { StoredUser } from '../../domain/identity/entities.ts'
import { entityArn } from '../../domain/identity/entity-arns.ts'
import { checkNewUser } from '../../domain/identity/entity-rules.ts'
import { uniqueIdOf } from '../../domain/identity/identifiers.ts'
import { checkIdentityTags } from '../../domain/identity/identity-tags.ts'
import { defineChange } from '../../pipeline/operation.ts'
import {
  arn,
  auditedIamTags,
  fromIamTags,
  hasTags,
  iamTagConditions,
  iamTags,
  path,
  userName,
} from '../shapes/iam-members.ts'
import { auditedDate, userAnswer } from '../shapes/iam-users.ts'

export const CreateUser = defineChange({
  service: 'iam',
  name: 'CreateUser',
  input: structure({
    Path: optional(path),
    UserName: userName,
    PermissionsBoundary: optional(arn),
    Tags: optional(iamTags),
  }),
  check: ({ Tags }) => checkIdentityTags(fromIamTags(Tags), 'ignores case'),
  uses: [
    {
      on: 'entity',
      locate: ({ Path = '/', UserName }, { call }) => ({
        arn: entityArn(call.principal.account, 'user', Path, UserName),
      }),
      permission: 'iam:CreateUser',
      conditionKeys: ({ PermissionsBoundary, Tags }) => ({
        ...iamTagConditions(Tags),
        'iam:PermissionsBoundary': PermissionsBoundary,
      }),
    },
    {
      on: 'entity',
      applies: ({ Tags }) => hasTags(Tags),
      locate: ({ Path = '/', UserName }, { call }) => ({
        arn: entityArn(call.principal.account, 'user', Path, UserName),
      }),
      permission: 'iam:TagUser',
      conditionKeys: ({ Tags }) => iamTagConditions(Tags),
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ UserName, Path, PermissionsBoundary, Tags }) => ({
      userName: UserName,
      path: Path,
      permissionsBoundary: PermissionsBoundary,
      tags: auditedIamTags(Tags),
    }),
    response: ({ User: { Path, UserName, UserId, Arn, CreateDate } }) => ({
      user: { path: Path, userName: UserName, userId: UserId, arn: Arn, createDate: auditedDate(CreateDate) },
    }),
  },
  async handler({ Path = '/', UserName, PermissionsBoundary, Tags }, { call, change, random }) {
    const { account } = call.principal
    if (PermissionsBoundary !== undefined) await checkBoundary(change, account, PermissionsBoundary)
    await checkNewUser(change, account, UserName)
    const user: StoredUser = {
      account,
      userName: UserName,
      userId: uniqueIdOf('user', random),
      path: Path,
      createdAt: call.time,
      tags: fromIamTags(Tags),
      boundaryArn: PermissionsBoundary,
    }
    await change.insertUser(user)
    return { User: userAnswer(user) }
  },
})
