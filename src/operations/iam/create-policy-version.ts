/** Adds a version to a customer managed policy, as its new default if asked for. */
import { KmsError } from '../../base/errors.ts'
import { POLICY_VERSIONS_MAX } from '../../base/limits.ts'
import { boolean, optional, structure } from '../../base/schema.ts'
import { checkManagedPolicySize } from '../../domain/identity/policy-sizes.ts'
import { readIdentityPolicy } from '../../domain/policy/identity-policy.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { arn, policyDocument } from '../shapes/iam-members.ts'
import { checkPolicyArn, locatePolicy, requireOwnPolicy, versionEntry } from '../shapes/iam-policies.ts'

const permission = 'iam:CreatePolicyVersion'

export const CreatePolicyVersion = defineChange({
  service: 'iam',
  name: 'CreatePolicyVersion',
  input: structure({ PolicyArn: arn, PolicyDocument: policyDocument, SetAsDefault: optional(boolean()) }),
  check: (input) => checkPolicyArn(input),
  uses: [{ on: 'entity', locate: locatePolicy, permission }],
  audit: {
    readOnly: false,
    parameters: (input) => ({
      policyArn: input.PolicyArn,
      policyDocument: input.PolicyDocument,
      setAsDefault: input.SetAsDefault,
    }),
    response: ({ PolicyVersion: { VersionId, IsDefaultVersion } }) => ({
      policyVersion: { versionId: VersionId, isDefaultVersion: IsDefaultVersion },
    }),
  },
  async handler({ PolicyArn, PolicyDocument, SetAsDefault = false }, { call, change }) {
    const policy = await requireOwnPolicy(change, call.principal, PolicyArn, permission)
    readIdentityPolicy(PolicyDocument)
    checkManagedPolicySize(PolicyDocument)
    if ((await change.listPolicyVersions(PolicyArn)).length >= POLICY_VERSIONS_MAX) {
      const text = `A managed policy can have up to ${POLICY_VERSIONS_MAX} versions.`
      const hint = 'Before you create a new version, you must delete an existing version.'
      throw new KmsError('LimitExceeded', `${text} ${hint}`)
    }
    const newest = policy.newestVersion + 1
    const version = { policyArn: PolicyArn, version: newest, document: PolicyDocument, createdAt: call.time }
    const defaultVersion = SetAsDefault ? newest : policy.defaultVersion
    const changed = { ...policy, newestVersion: newest, defaultVersion, updatedAt: call.time }
    await change.insertPolicyVersion(policy.account, version)
    await change.updateManagedPolicy(changed)
    return { PolicyVersion: versionEntry(version, changed) }
  },
})
