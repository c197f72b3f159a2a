/**
 * Temporary credentials for somebody that a user vouches for; without a session policy they are good for what a key policy
 * gives to the federated user himself (authorization.md 6.3, E-12).
 */
import { optional, structure } from '../../base/schema.ts'
import { federatedUserArn } from '../../domain/identity/entity-arns.ts'
import {
  checkPackedSize,
  checkSessionPolicyArns,
  checkSessionTags,
  ROOT_SESSION_SECONDS_MAX,
} from '../../domain/identity/session-rules.ts'
import { readSessionPolicy } from '../../domain/policy/identity-policy.ts'
import { defineOperation, type EntityLookup } from '../../pipeline/operation.ts'
import { auditedIamTags, fromIamTags, iamTagConditions, iamTags } from '../shapes/iam-members.ts'
import {
  auditedCredentials,
  auditedPolicyArns,
  credentialsAnswer,
  durationSeconds,
  federatedUserName,
  newSession,
  policyArns,
  sessionPolicy,
  toPolicyArns,
  USER_SESSION_SECONDS,
} from '../shapes/sts-members.ts'

const input = structure({
  Name: federatedUserName,
  Policy: optional(sessionPolicy),
  PolicyArns: optional(policyArns),
  DurationSeconds: optional(durationSeconds),
  Tags: optional(iamTags),
})

type Input = ReturnType<typeof input.parse>

const federatedUser = {
  on: 'entity',
  locate: ({ Name }: Input, { call }: EntityLookup) => ({ arn: federatedUserArn(call.principal.account, Name) }),
  conditionKeys: ({ Tags }: Input) => iamTagConditions(Tags),
} as const

export const GetFederationToken = defineOperation({
  service: 'sts',
  name: 'GetFederationToken',
  input,
  check({ Tags, Policy }, { principal }) {
    checkSessionTags(principal, { tags: fromIamTags(Tags), transitiveTagKeys: [] })
    if (Policy !== undefined) readSessionPolicy(Policy)
  },
  uses: [
    { ...federatedUser, permission: 'sts:GetFederationToken' },
    {
      ...federatedUser,
      permission: 'sts:TagSession',
      applies: ({ Tags }: Input) => Tags !== undefined && Tags.length > 0,
    },
  ],
  audit: {
    readOnly: true,
    parameters: (input) => ({
      name: input.Name,
      policy: input.Policy,
      policyArns: auditedPolicyArns(input.PolicyArns),
      durationSeconds: input.DurationSeconds,
      tags: auditedIamTags(input.Tags),
    }),
    response: ({ Credentials, FederatedUser, PackedPolicySize }) => ({
      credentials: auditedCredentials(Credentials),
      federatedUser: { federatedUserId: FederatedUser.FederatedUserId, arn: FederatedUser.Arn },
      packedPolicySize: PackedPolicySize,
    }),
  },
  async handler(input, { call: { principal, time }, identity, store }) {
    const { DurationSeconds = USER_SESSION_SECONDS } = input
    const seconds = principal.type === 'Root' ? Math.min(DurationSeconds, ROOT_SESSION_SECONDS_MAX) : DurationSeconds
    const arns = toPolicyArns(input.PolicyArns)
    await checkSessionPolicyArns(store, principal.account, arns)
    const session = newSession({
      name: input.Name,
      seconds,
      time,
      tags: fromIamTags(input.Tags),
      transitiveTagKeys: [],
      policyText: input.Policy,
      policyArns: arns,
    })
    const PackedPolicySize = checkPackedSize(session)
    const issued = await identity.issueSession({ kind: 'federated user', caller: principal }, session)
    return {
      Credentials: credentialsAnswer(issued),
      FederatedUser: { FederatedUserId: issued.principal.principalId, Arn: issued.principal.arn },
      PackedPolicySize,
    }
  },
})
