/** Deletes a version of a customer managed policy that is not its default. */
import { KmsError } from '../../base/errors.ts'
import { structure } from '../../base/schema.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { arn, policyVersionId } from '../shapes/iam-members.ts'
import {
  checkPolicyArn,
  locatePolicy,
  requireOwnPolicy,
  requirePolicyVersion,
  versionNotFound,
} from '../shapes/iam-policies.ts'

const permission = 'iam:DeletePolicyVersion'

export const DeletePolicyVersion = defineChange({
  service: 'iam',
  name: 'DeletePolicyVersion',
  input: structure({ PolicyArn: arn, VersionId: policyVersionId }),
  check: (input) => checkPolicyArn(input),
  uses: [{ on: 'entity', locate: locatePolicy, permission }],
  audit: {
    readOnly: false,
    parameters: ({ PolicyArn, VersionId }) => ({ policyArn: PolicyArn, versionId: VersionId }),
  },
  async handler({ PolicyArn, VersionId }, { call, change }) {
    const missing = versionNotFound(VersionId)
    const { account, defaultVersion } = await requireOwnPolicy(change, call.principal, PolicyArn, permission, missing)
    const { version } = await requirePolicyVersion(change, PolicyArn, VersionId)
    if (version === defaultVersion) {
      throw new KmsError('DeleteConflict', 'Cannot delete the default version of a policy.')
    }
    await change.deletePolicyVersion(account, PolicyArn, version)
  },
})
