/** The versions of a managed policy, newest first, without their documents. */
import { structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { arn } from '../shapes/iam-members.ts'
import { iamPageByPosition, pageMembers } from '../shapes/iam-paging.ts'
import { checkPolicyArn, listVersions, locatePolicy, requirePolicy, versionEntry } from '../shapes/iam-policies.ts'

export const ListPolicyVersions = defineOperation({
  service: 'iam',
  name: 'ListPolicyVersions',
  input: structure({ PolicyArn: arn, ...pageMembers }),
  check: (input) => checkPolicyArn(input),
  uses: [{ on: 'entity', locate: locatePolicy, permission: 'iam:ListPolicyVersions' }],
  audit: {
    readOnly: true,
    parameters: ({ PolicyArn, Marker, MaxItems }) => ({ policyArn: PolicyArn, marker: Marker, maxItems: MaxItems }),
  },
  async handler(input, { call, store }) {
    const policy = await requirePolicy(store, call.principal.account, input.PolicyArn)
    const versions = await listVersions(store, policy.arn)
    const { items, end } = iamPageByPosition(input, 'ListPolicyVersions', versions)
    return { Versions: items.map((version) => versionEntry(version, policy)), ...end }
  },
})
