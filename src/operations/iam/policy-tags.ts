/** Tags of customer managed policies. */
import { structure } from '../../base/schema.ts'
import { checkAddedTags, withIdentityTags, withoutIdentityTags } from '../../domain/identity/identity-tags.ts'
import { defineChange, defineOperation } from '../../pipeline/operation.ts'
import {
  arn,
  auditedIamTags,
  fromIamTags,
  iamTagConditions,
  iamTagKeys,
  iamTags,
  sortedIamTags,
} from '../shapes/iam-members.ts'
import { iamPageByPosition, pageMembers } from '../shapes/iam-paging.ts'
import { checkPolicyArn, locatePolicy, requireOwnPolicy, requirePolicy } from '../shapes/iam-policies.ts'

export const TagPolicy = defineChange({
  service: 'iam',
  name: 'TagPolicy',
  input: structure({ PolicyArn: arn, Tags: iamTags }),
  check: (input) => checkPolicyArn(input),
  uses: [
    {
      on: 'entity',
      locate: locatePolicy,
      permission: 'iam:TagPolicy',
      conditionKeys: ({ Tags }) => iamTagConditions(Tags),
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ PolicyArn, Tags }) => ({ policyArn: PolicyArn, tags: auditedIamTags(Tags) }),
  },
  async handler({ PolicyArn, Tags }, { call, change }) {
    const policy = await requireOwnPolicy(change, call.principal, PolicyArn, 'iam:TagPolicy')
    const given = fromIamTags(Tags)
    checkAddedTags(given, 'minds case')
    const tags = withIdentityTags(policy.tags, given, 'minds case')
    await change.updateManagedPolicy({ ...policy, tags })
  },
})

export const UntagPolicy = defineChange({
  service: 'iam',
  name: 'UntagPolicy',
  input: structure({ PolicyArn: arn, TagKeys: iamTagKeys }),
  check: (input) => checkPolicyArn(input),
  uses: [
    {
      on: 'entity',
      locate: locatePolicy,
      permission: 'iam:UntagPolicy',
      conditionKeys: ({ TagKeys }) => ({ 'aws:TagKeys': TagKeys }),
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ PolicyArn, TagKeys }) => ({ policyArn: PolicyArn, tagKeys: TagKeys }),
  },
  async handler({ PolicyArn, TagKeys }, { call, change }) {
    const policy = await requireOwnPolicy(change, call.principal, PolicyArn, 'iam:UntagPolicy')
    await change.updateManagedPolicy({ ...policy, tags: withoutIdentityTags(policy.tags, TagKeys, 'minds case') })
  },
})

export const ListPolicyTags = defineOperation({
  service: 'iam',
  name: 'ListPolicyTags',
  input: structure({ PolicyArn: arn, ...pageMembers }),
  check: (input) => checkPolicyArn(input),
  uses: [{ on: 'entity', locate: locatePolicy, permission: 'iam:ListPolicyTags' }],
  audit: {
    readOnly: true,
    parameters: ({ PolicyArn, Marker, MaxItems }) => ({ policyArn: PolicyArn, marker: Marker, maxItems: MaxItems }),
  },
  async handler(input, { call, store }) {
    const { tags } = await requirePolicy(store, call.principal.account, input.PolicyArn)
    const { items, end } = iamPageByPosition(input, 'ListPolicyTags', sortedIamTags(tags))
    return { Tags: items, ...end }
  },
})
