/** Makes one version of a customer managed policy the one that counts. */
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

const permission = 'iam:SetDefaultPolicyVersion'

export const SetDefaultPolicyVersion = defineChange({
  service: 'iam',
  name: 'SetDefaultPolicyVersion',
  input: structure({ PolicyArn: arn, VersionId: policyVersionId }),
  check: (input) => checkPolicyArn(input),
  uses: [{ on: 'entity', locate: locatePolicy, permission }],
  audit: {
    readOnly: false,
    parameters: ({ PolicyArn, VersionId }) => ({ policyArn: PolicyArn, versionId: VersionId }),
  },
  async handler({ PolicyArn, VersionId }, { call, change }) {
    const missing = versionNotFound(VersionId)
    const policy = await requireOwnPolicy(change, call.principal, PolicyArn, permission, missing)
    const { version } = await requirePolicyVersion(change, PolicyArn, VersionId)
    await change.updateManagedPolicy({ ...policy, defaultVersion: version })
  },
})
