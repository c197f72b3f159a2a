/** Makes a customer managed policy, whose first version is its default. */
import { optional, string, structure } from '../../base/schema.ts'
import { policyArn } from '../../domain/identity/entity-name.ts'
import { checkNewManagedPolicy } from '../../domain/identity/entity-rules.ts'
import { uniqueIdOf } from '../../domain/identity/identifiers.ts'
import { checkIdentityTags } from '../../domain/identity/identity-tags.ts'
import { checkManagedPolicySize } from '../../domain/identity/policy-sizes.ts'
import { readIdentityPolicy } from '../../domain/policy/identity-policy.ts'
import { defineChange, type EntityLookup, type LocatedEntity } from '../../pipeline/operation.ts'
import {
  auditedIamTags,
  fromIamTags,
  hasTags,
  iamPolicyName,
  iamTagConditions,
  iamTags,
  policyDocument,
  policyPath,
} from '../shapes/iam-members.ts'
import { NOT_USED, policyEntry } from '../shapes/iam-policies.ts'

function locateNewPolicy(
  { PolicyName, Path = '/' }: { readonly PolicyName: string; readonly Path?: string },
  { call }: EntityLookup,
): LocatedEntity {
  return { arn: policyArn(call.principal.account, Path, PolicyName), shownAs: `policy ${PolicyName}` }
}

export const CreatePolicy = defineChange({
  service: 'iam',
  name: 'CreatePolicy',
  input: structure({
    PolicyName: iamPolicyName,
    Path: optional(policyPath),
    PolicyDocument: policyDocument,
    Description: optional(string({ max: 1000 })),
    Tags: optional(iamTags),
  }),
  check: ({ Tags }) => checkIdentityTags(fromIamTags(Tags), 'minds case'),
  uses: [
    {
      on: 'entity',
      locate: locateNewPolicy,
      permission: 'iam:CreatePolicy',
      conditionKeys: ({ Tags }) => iamTagConditions(Tags),
    },
    {
      on: 'entity',
      applies: ({ Tags }) => hasTags(Tags),
      locate: locateNewPolicy,
      permission: 'iam:TagPolicy',
      conditionKeys: ({ Tags }) => iamTagConditions(Tags),
    },
  ],
  audit: {
    readOnly: false,
    parameters: (input) => ({
      policyName: input.PolicyName,
      path: input.Path,
      policyDocument: input.PolicyDocument,
      description: input.Description,
      tags: auditedIamTags(input.Tags),
    }),
    response: ({ Policy }) => ({
      policy: { arn: Policy.Arn, policyId: Policy.PolicyId, policyName: Policy.PolicyName },
    }),
  },
  async handler(input, { resources: [{ arn }], call, random, change }) {
    const { PolicyName, Path = '/', PolicyDocument, Description, Tags } = input
    const { account } = call.principal
    readIdentityPolicy(PolicyDocument)
    checkManagedPolicySize(PolicyDocument)
    await checkNewManagedPolicy(change, account, PolicyName)
    const policy = {
      account,
      path: Path,
      policyName: PolicyName,
      policyId: uniqueIdOf('policy', random),
      arn,
      description: Description,
      createdAt: call.time,
      updatedAt: call.time,
      defaultVersion: 1,
      newestVersion: 1,
      tags: fromIamTags(Tags),
    }
    await change.insertManagedPolicy(policy, PolicyDocument)
    return { Policy: { ...policyEntry(policy, NOT_USED), Tags: Tags?.length ? Tags : undefined } }
  },
})
