/** Temporary credentials of a role, for whoever its trust policy lets in (authorization.md 6.3, 6.4). */
import { list, optional, string, structure } from '../../base/schema.ts'
import {
  checkChainedDuration,
  checkMayAssumeRoles,
  checkNoMfa,
  checkPackedSize,
  checkRoleDuration,
  checkSessionPolicyArns,
  checkSessionTags,
  checkSourceIdentity,
  inheritedTags,
  isChained,
  sessionTags,
} from '../../domain/identity/session-rules.ts'
import { readSessionPolicy } from '../../domain/policy/identity-policy.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { auditedIamTags, fromIamTags, iamTagConditions, iamTagKeys, iamTags } from '../shapes/iam-members.ts'
import {
  assumedRoleUser,
  auditedCredentials,
  auditedPolicyArns,
  auditedRoleUser,
  checkRoleArn,
  credentialsAnswer,
  newSession,
  policyArns,
  ROLE_SESSION_SECONDS,
  roleArn,
  roleDurationSeconds,
  roleSessionName,
  serialNumber,
  sessionPolicy,
  sourceIdentity,
  tokenCode,
  toPolicyArns,
} from '../shapes/sts-members.ts'

const input = structure({
  RoleArn: roleArn,
  RoleSessionName: roleSessionName,
  PolicyArns: optional(policyArns),
  Policy: optional(sessionPolicy),
  DurationSeconds: optional(roleDurationSeconds),
  Tags: optional(iamTags),
  TransitiveTagKeys: optional(iamTagKeys),
  ExternalId: optional(string({ min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' })),
  SerialNumber: optional(serialNumber),
  TokenCode: optional(tokenCode),
  SourceIdentity: optional(sourceIdentity),
  ProvidedContexts: optional(list(structure({}), { max: 0 })),
})

type Input = ReturnType<typeof input.parse>

function conditionKeys(given: Input) {
  return {
    ...iamTagConditions(given.Tags),
    'sts:TransitiveTagKeys': given.TransitiveTagKeys,
    'sts:RoleSessionName': given.RoleSessionName,
    'sts:ExternalId': given.ExternalId,
    'sts:SourceIdentity': given.SourceIdentity,
    'sts:DurationSeconds': String(given.DurationSeconds ?? ROLE_SESSION_SECONDS),
  }
}

function given({ Tags, TransitiveTagKeys }: Input) {
  return { tags: fromIamTags(Tags), transitiveTagKeys: TransitiveTagKeys ?? [] }
}

const role = { on: 'role', roleArn: ({ RoleArn }: Input) => RoleArn, conditionKeys } as const

export const AssumeRole = defineOperation({
  service: 'sts',
  name: 'AssumeRole',
  input,
  check(input, { principal }) {
    checkMayAssumeRoles(principal)
    checkRoleArn(input.RoleArn)
    checkNoMfa(input.SerialNumber, input.TokenCode)
    checkChainedDuration(principal, input.DurationSeconds ?? ROLE_SESSION_SECONDS)
    checkSessionTags(principal, given(input))
    checkSourceIdentity(principal, input.SourceIdentity)
    if (input.Policy !== undefined) readSessionPolicy(input.Policy)
  },
  uses: [
    { ...role, permission: 'sts:AssumeRole' },
    {
      ...role,
      permission: 'sts:TagSession',
      // What is handed on counts like what is given: the next role need not want it.
      applies: ({ Tags = [] }, { principal }) => Tags.length > 0 || inheritedTags(principal).tags.length > 0,
    },
    {
      ...role,
      permission: 'sts:SetSourceIdentity',
      applies: ({ SourceIdentity }, { principal }) =>
        SourceIdentity !== undefined || principal.session?.sourceIdentity !== undefined,
    },
  ],
  audit: {
    readOnly: true,
    parameters: (input) => ({
      roleArn: input.RoleArn,
      roleSessionName: input.RoleSessionName,
      durationSeconds: input.DurationSeconds,
      policy: input.Policy,
      policyArns: auditedPolicyArns(input.PolicyArns),
      tags: auditedIamTags(input.Tags),
      transitiveTagKeys: input.TransitiveTagKeys,
      externalId: input.ExternalId,
      sourceIdentity: input.SourceIdentity,
    }),
    response: ({ Credentials, AssumedRoleUser, PackedPolicySize, SourceIdentity }) => ({
      credentials: auditedCredentials(Credentials),
      assumedRoleUser: auditedRoleUser(AssumedRoleUser),
      packedPolicySize: PackedPolicySize,
      sourceIdentity: SourceIdentity,
    }),
  },
  async handler(input, { resources: [{ role }], call: { principal, time }, identity, store }) {
    const seconds = input.DurationSeconds ?? ROLE_SESSION_SECONDS
    checkRoleDuration(role.maxSessionSeconds, seconds)
    const arns = toPolicyArns(input.PolicyArns)
    await checkSessionPolicyArns(store, role.account, arns)
    const session = newSession({
      name: input.RoleSessionName,
      seconds,
      time,
      ...sessionTags(principal, given(input)),
      policyText: input.Policy,
      policyArns: arns,
      sourceIdentity: input.SourceIdentity ?? principal.session?.sourceIdentity,
      chainDepth: isChained(principal) ? (principal.session?.chainDepth ?? 0) + 1 : 0,
    })
    const percent = checkPackedSize(session)
    const issued = await identity.issueSession({ kind: 'role', role }, session)
    return {
      Credentials: credentialsAnswer(issued),
      AssumedRoleUser: assumedRoleUser(issued.principal),
      PackedPolicySize: percent === 0 ? undefined : percent,
      SourceIdentity: session.sourceIdentity,
    }
  },
})
