/**
 * Temporary credentials of a role for whoever an identity provider vouches for (authorization.md 6.5). The request has no
 * signature: its token is the proof.
 */
import { parseArn } from '../../base/arn.ts'
import { validationError } from '../../base/errors.ts'
import { optional, string, structure } from '../../base/schema.ts'
import type {
  IdentityServices,
  TemporaryCredentials,
  VerifiedWebIdentity,
} from '../../domain/identity/identity-services.ts'
import {
  checkPackedSize,
  checkRoleDuration,
  checkSessionPolicyArns,
  checkSessionTags,
} from '../../domain/identity/session-rules.ts'
import {
  claimConditions,
  claimedSourceIdentity,
  claimedTags,
  isRoleAuthorized,
} from '../../domain/identity/web-identity-claims.ts'
import { readSessionPolicy } from '../../domain/policy/identity-policy.ts'
import type { Principal } from '../../domain/principal.ts'
import { defineOperation, type EntityLookup, type IdentifiedCaller } from '../../pipeline/operation.ts'
import { iamTagConditions, toIamTags } from '../shapes/iam-members.ts'
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
  sessionPolicy,
  toPolicyArns,
} from '../shapes/sts-members.ts'

const input = structure({
  RoleArn: roleArn,
  RoleSessionName: roleSessionName,
  WebIdentityToken: string({ min: 4, max: 20_000, sensitive: true }),
  ProviderId: optional(string({ min: 4, max: 2048 })),
  PolicyArns: optional(policyArns),
  Policy: optional(sessionPolicy),
  DurationSeconds: optional(roleDurationSeconds),
})

type Input = ReturnType<typeof input.parse>

const role = { on: 'role', roleArn: ({ RoleArn }: Input) => RoleArn } as const

/** Its ARN is the provider's: that is what trust policies name. */
function principalOf({ providerArn, audience, subject }: VerifiedWebIdentity, account: string): Principal {
  return Object.freeze({
    type: 'WebIdentityUser',
    account,
    arn: providerArn,
    principalId: `${providerArn}:${audience}:${subject}`,
    entityId: '',
    principalArn: providerArn,
    userName: subject,
    accessKeyId: '',
  })
}

function conditionsOf(input: Input, webIdentity: VerifiedWebIdentity) {
  const { tags, transitiveTagKeys } = claimedTags(webIdentity)
  return {
    ...claimConditions(webIdentity),
    ...iamTagConditions(toIamTags(tags)),
    'sts:TransitiveTagKeys': transitiveTagKeys.length === 0 ? undefined : transitiveTagKeys,
    'sts:RoleSessionName': input.RoleSessionName,
    'sts:RoleAuthorizedByIdp': String(isRoleAuthorized(webIdentity, input.RoleArn)),
    'sts:SourceIdentity': claimedSourceIdentity(webIdentity),
    'sts:DurationSeconds': String(input.DurationSeconds ?? ROLE_SESSION_SECONDS),
  }
}

/** The provider must be one of the role's account. */
async function identify(
  input: Input,
  { time }: EntityLookup['call'],
  identity: IdentityServices,
): Promise<IdentifiedCaller> {
  const { account } = parseArn(input.RoleArn)!
  const webIdentity = await identity.verifyWebIdentity(input.WebIdentityToken, account, time)
  const principal = principalOf(webIdentity, account)
  checkSessionTags(principal, claimedTags(webIdentity))
  return { principal, webIdentity, conditions: conditionsOf(input, webIdentity) }
}

function answerOf(issued: TemporaryCredentials, webIdentity: VerifiedWebIdentity, percent: number) {
  const { subject, audience, providerArn } = webIdentity
  return {
    Credentials: credentialsAnswer(issued),
    SubjectFromWebIdentityToken: subject,
    AssumedRoleUser: assumedRoleUser(issued.principal),
    PackedPolicySize: percent === 0 ? undefined : percent,
    Provider: providerArn,
    Audience: audience,
    SourceIdentity: issued.principal.session?.sourceIdentity,
  }
}

export const AssumeRoleWithWebIdentity = defineOperation({
  service: 'sts',
  unsigned: true,
  name: 'AssumeRoleWithWebIdentity',
  input,
  check({ RoleArn, ProviderId, Policy }) {
    checkRoleArn(RoleArn)
    // Tokens of OAuth 2.0 have no signature that could be verified.
    if (ProviderId !== undefined)
      throw validationError('ProviderId is for OAuth 2.0 access tokens, which are not supported.')
    if (Policy !== undefined) readSessionPolicy(Policy)
  },
  identify,
  uses: [
    { ...role, permission: 'sts:AssumeRoleWithWebIdentity' },
    {
      ...role,
      permission: 'sts:TagSession',
      applies: (_input, { webIdentity }) => webIdentity !== undefined && claimedTags(webIdentity).tags.length > 0,
    },
    {
      ...role,
      permission: 'sts:SetSourceIdentity',
      applies: (_input, { webIdentity }) =>
        webIdentity !== undefined && claimedSourceIdentity(webIdentity) !== undefined,
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
    }),
    response: (output: ReturnType<typeof answerOf>) => ({
      credentials: auditedCredentials(output.Credentials),
      subjectFromWebIdentityToken: output.SubjectFromWebIdentityToken,
      assumedRoleUser: auditedRoleUser(output.AssumedRoleUser),
      packedPolicySize: output.PackedPolicySize,
      provider: output.Provider,
      audience: output.Audience,
      sourceIdentity: output.SourceIdentity,
    }),
  },
  async handler(input, { resources: [{ role }], call, identity, store, additionalEventData }) {
    const { webIdentity, time } = call
    if (isRoleAuthorized(webIdentity!, input.RoleArn)) additionalEventData.RoleAuthorizedByIdp = true
    const seconds = input.DurationSeconds ?? ROLE_SESSION_SECONDS
    checkRoleDuration(role.maxSessionSeconds, seconds)
    const arns = toPolicyArns(input.PolicyArns)
    await checkSessionPolicyArns(store, role.account, arns)
    const session = newSession({
      name: input.RoleSessionName,
      seconds,
      time,
      ...claimedTags(webIdentity!),
      policyText: input.Policy,
      policyArns: arns,
      sourceIdentity: claimedSourceIdentity(webIdentity!),
      federatedProvider: webIdentity!.providerArn,
    })
    const percent = checkPackedSize(session)
    const issued = await identity.issueSession({ kind: 'role', role }, session)
    return answerOf(issued, webIdentity!, percent)
  },
})
