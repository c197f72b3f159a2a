/** Deletes an access key; what was signed with it is refused from now on. */
import { optional, structure } from '../../base/schema.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { requireAccessKey } from '../shapes/iam-access-keys.ts'
import { accessKeyId, existingUserName } from '../shapes/iam-members.ts'
import { checkNamesUser, locateUserOrCaller, requireUserOrCaller } from '../shapes/iam-users.ts'

export const DeleteAccessKey = defineChange({
  service: 'iam',
  name: 'DeleteAccessKey',
  input: structure({ UserName: optional(existingUserName), AccessKeyId: accessKeyId }),
  check: checkNamesUser,
  uses: [{ on: 'entity', locate: locateUserOrCaller, permission: 'iam:DeleteAccessKey' }],
  audit: {
    readOnly: false,
    parameters: ({ UserName, AccessKeyId }) => ({ userName: UserName, accessKeyId: AccessKeyId }),
  },
  async handler(input, { call, change }) {
    const owner = await requireUserOrCaller(change, call, input)
    const accessKey = await requireAccessKey(change, owner, input.AccessKeyId)
    await change.deleteAccessKey(accessKey.accessKeyId)
  },
})
