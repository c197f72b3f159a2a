/** Renames a user, or moves him to another path. His unique id stays, and with it whatever is bound to it (P-4). */
import { optional, structure } from '../../base/schema.ts'
import { entityArn } from '../../domain/identity/entity-arns.ts'
import { checkUserNameIsFree } from '../../domain/identity/entity-rules.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { existingUserName, path, userName } from '../shapes/iam-members.ts'
import { locateOwner, USER } from '../shapes/iam-owners.ts'
import { requireUser } from '../shapes/iam-users.ts'

export const UpdateUser = defineChange({
  service: 'iam',
  name: 'UpdateUser',
  input: structure({ UserName: existingUserName, NewPath: optional(path), NewUserName: optional(userName) }),
  uses: [
    {
      on: 'entity',
      locate: ({ UserName }, lookup) => locateOwner(USER, UserName, lookup),
      permission: 'iam:UpdateUser',
    },
    // Who may rename alice must also be allowed to make her what she becomes.
    {
      on: 'entity',
      applies: ({ NewPath, NewUserName }) => NewPath !== undefined || NewUserName !== undefined,
      async locate({ UserName, NewPath, NewUserName }, { call, store }) {
        const { account } = call.principal
        const user = await store.findUser(account, UserName)
        const newPath = NewPath ?? user?.path ?? '/'
        const newName = NewUserName ?? user?.userName ?? UserName
        return { arn: entityArn(account, 'user', newPath, newName), tags: user?.tags ?? [] }
      },
      permission: 'iam:UpdateUser',
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ UserName, NewPath, NewUserName }) => ({
      userName: UserName,
      newPath: NewPath,
      newUserName: NewUserName,
    }),
  },
  async handler({ UserName, NewPath, NewUserName }, { call, change }) {
    const { account } = call.principal
    const user = await requireUser(change, account, UserName)
    if (NewUserName !== undefined) await checkUserNameIsFree(change, account, NewUserName, user)
    await change.updateUser({ ...user, path: NewPath ?? user.path, userName: NewUserName ?? user.userName })
  },
})
