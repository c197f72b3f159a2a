/** Makes an access key for a user, or for the caller if he names nobody. Its secret is shown here and never again (SEC-2). */
import { KmsError } from '../../base/errors.ts'
import { optional, structure } from '../../base/schema.ts'
import { checkNewAccessKey } from '../../domain/identity/entity-rules.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { dateTime } from '../shapes/iam-answers.ts'
import { existingUserName } from '../shapes/iam-members.ts'
import { auditedDate, checkNamesUser, locateUserOrCaller, requireUserOrCaller } from '../shapes/iam-users.ts'

export const CreateAccessKey = defineChange({
  service: 'iam',
  name: 'CreateAccessKey',
  input: structure({ UserName: optional(existingUserName) }),
  check: checkNamesUser,
  uses: [{ on: 'entity', locate: locateUserOrCaller, permission: 'iam:CreateAccessKey' }],
  audit: {
    readOnly: false,
    parameters: ({ UserName }) => ({ userName: UserName }),
    response: ({ AccessKey: { UserName, AccessKeyId, Status, CreateDate } }) => ({
      accessKey: {
        userName: UserName,
        accessKeyId: AccessKeyId,
        status: Status,
        createDate: auditedDate(CreateDate),
      },
    }),
  },
  async prepare(input, { call, store, identity }) {
    const { account, user } = await requireUserOrCaller(store, call, input)
    await checkNewAccessKey(store, account, user?.userName)
    return { userId: user?.userId, made: await identity.makeAccessKey(account, user) }
  },
  async handler(input, { call, change }, { userId, made: { accessKeyId, secretAccessKey, token } }) {
    const { account, user } = await requireUserOrCaller(change, call, input)
    // The secret is sealed for one owner: somebody else may have got the name meanwhile.
    if (user?.userId !== userId) {
      throw new KmsError('ConcurrentModification', 'The user was replaced while its access key was made.')
    }
    const userName = user?.userName
    await checkNewAccessKey(change, account, userName)
    await change.insertAccessKey({ accessKeyId, account, userName, active: true, token, createdAt: call.time })
    return {
      AccessKey: {
        UserName: userName,
        AccessKeyId: accessKeyId,
        Status: 'Active',
        SecretAccessKey: secretAccessKey,
        CreateDate: dateTime(call.time),
      },
    }
  },
})
