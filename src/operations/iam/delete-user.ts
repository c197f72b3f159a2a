/** Deletes a user who has no access keys, policies and groups any more. */
import { structure } from '../../base/schema.ts'
import { checkUserIsUnused } from '../../domain/identity/entity-rules.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { existingUserName } from '../shapes/iam-members.ts'
import { locateOwner, USER } from '../shapes/iam-owners.ts'
import { requireUser } from '../shapes/iam-users.ts'

export const DeleteUser = defineChange({
  service: 'iam',
  name: 'DeleteUser',
  input: structure({ UserName: existingUserName }),
  uses: [
    {
      on: 'entity',
      locate: ({ UserName }, lookup) => locateOwner(USER, UserName, lookup),
      permission: 'iam:DeleteUser',
    },
  ],
  audit: { readOnly: false, parameters: ({ UserName }) => ({ userName: UserName }) },
  async handler({ UserName }, { call, change }) {
    const user = await requireUser(change, call.principal.account, UserName)
    await checkUserIsUnused(change, user)
    await change.deleteUser(user)
  },
})
