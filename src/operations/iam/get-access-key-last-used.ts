/** When, where and for which service an access key was last used. */
import { KmsError } from '../../base/errors.ts'
import { structure } from '../../base/schema.ts'
import { rootArn, userArn } from '../../domain/identity/entity-arns.ts'
import { defineOperation, type EntityLookup, type LocatedEntity } from '../../pipeline/operation.ts'
import { dateTime } from '../shapes/iam-answers.ts'
import { accessKeyId } from '../shapes/iam-members.ts'

/** The user whose key it is. @throws {KmsError} `AccessDeniedException` for a key that the caller's account does not have. */
async function locateOwnerOfKey(
  { AccessKeyId }: { readonly AccessKeyId: string },
  { call, store }: EntityLookup,
): Promise<LocatedEntity> {
  const { account, arn } = call.principal
  const found = await store.findCredential(AccessKeyId)
  if (found?.accessKey.account !== account) {
    const text = `User: ${arn} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key ${AccessKeyId}`
    throw new KmsError('AccessDeniedException', text)
  }
  const { user } = found
  return user === undefined ? { arn: rootArn(account) } : { arn: userArn(user), tags: user.tags }
}

export const GetAccessKeyLastUsed = defineOperation({
  service: 'iam',
  name: 'GetAccessKeyLastUsed',
  input: structure({ AccessKeyId: accessKeyId }),
  uses: [{ on: 'entity', locate: locateOwnerOfKey, permission: 'iam:GetAccessKeyLastUsed' }],
  audit: { readOnly: true, parameters: ({ AccessKeyId }) => ({ accessKeyId: AccessKeyId }) },
  async handler({ AccessKeyId }, { store, identity }) {
    const credential = await store.findCredential(AccessKeyId)
    const use = await identity.lastUse(AccessKeyId)
    return {
      UserName: credential?.user?.userName,
      AccessKeyLastUsed: {
        LastUsedDate: use && dateTime(use.usedAt),
        ServiceName: use?.service ?? 'N/A',
        Region: use?.region ?? 'N/A',
      },
    }
  },
})
