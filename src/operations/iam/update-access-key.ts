/** Switches an access key on or off. */
import { KmsError } from '../../base/errors.ts'
import { enumeration, optional, structure } from '../../base/schema.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { requireAccessKey } from '../shapes/iam-access-keys.ts'
import { accessKeyId, existingUserName } from '../shapes/iam-members.ts'
import { checkNamesUser, locateUserOrCaller, requireUserOrCaller } from '../shapes/iam-users.ts'

export const UpdateAccessKey = defineChange({
  service: 'iam',
  name: 'UpdateAccessKey',
  input: structure({
    UserName: optional(existingUserName),
    AccessKeyId: accessKeyId,
    Status: enumeration(['Active', 'Inactive', 'Expired']),
  }),
  check(input, call) {
    checkNamesUser(input, call)
    // In the model for other kinds of credentials.
    if (input.Status === 'Expired')
      throw new KmsError('InvalidInput', 'The status of an access key is Active or Inactive.')
  },
  uses: [{ on: 'entity', locate: locateUserOrCaller, permission: 'iam:UpdateAccessKey' }],
  audit: {
    readOnly: false,
    parameters: ({ UserName, AccessKeyId, Status }) => ({
      userName: UserName,
      accessKeyId: AccessKeyId,
      status: Status,
    }),
  },
  async handler(input, { call, change }) {
    const owner = await requireUserOrCaller(change, call, input)
    const accessKey = await requireAccessKey(change, owner, input.AccessKeyId)
    await change.updateAccessKey({ ...accessKey, active: input.Status === 'Active' })
  },
})
