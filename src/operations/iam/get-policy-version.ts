/** One version of a managed policy, with its document. */
import { structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { arn, policyVersionId } from '../shapes/iam-members.ts'
import {
  checkPolicyArn,
  locatePolicy,
  requirePolicy,
  requirePolicyVersion,
  versionAnswer,
  versionNotFound,
} from '../shapes/iam-policies.ts'

export const GetPolicyVersion = defineOperation({
  service: 'iam',
  name: 'GetPolicyVersion',
  input: structure({ PolicyArn: arn, VersionId: policyVersionId }),
  check: (input) => checkPolicyArn(input),
  uses: [{ on: 'entity', locate: locatePolicy, permission: 'iam:GetPolicyVersion' }],
  audit: {
    readOnly: true,
    parameters: ({ PolicyArn, VersionId }) => ({ policyArn: PolicyArn, versionId: VersionId }),
  },
  async handler({ PolicyArn, VersionId }, { call, store }) {
    const policy = await requirePolicy(store, call.principal.account, PolicyArn, versionNotFound(VersionId))
    const version = await requirePolicyVersion(store, PolicyArn, VersionId)
    return { PolicyVersion: versionAnswer(version, policy) }
  },
})
