/** Makes a role, which its trust policy says who may assume. */
import { optional, structure } from '../../base/schema.ts'
import { checkBoundary } from '../../domain/identity/boundary.ts'
import { roleArn } from '../../domain/identity/entity-arns.ts'
import { checkNewRole } from '../../domain/identity/entity-rules.ts'
import { uniqueIdOf } from '../../domain/identity/identifiers.ts'
import { checkIdentityTags } from '../../domain/identity/identity-tags.ts'
import { bindTrustPolicy } from '../../domain/identity/trust-policies.ts'
import { defineChange } from '../../pipeline/operation.ts'
import {
  arn,
  auditedIamTags,
  fromIamTags,
  hasTags,
  iamTagConditions,
  iamTags,
  path,
  policyDocument,
  roleName,
} from '../shapes/iam-members.ts'
import {
  MAX_SESSION_SECONDS_BY_DEFAULT,
  maxSessionDuration,
  newRoleAnswer,
  roleDescription,
} from '../shapes/iam-roles.ts'

export const CreateRole = defineChange({
  service: 'iam',
  name: 'CreateRole',
  input: structure({
    Path: optional(path),
    RoleName: roleName,
    AssumeRolePolicyDocument: policyDocument,
    Description: optional(roleDescription),
    MaxSessionDuration: optional(maxSessionDuration),
    PermissionsBoundary: optional(arn),
    Tags: optional(iamTags),
  }),
  check: ({ Tags }) => checkIdentityTags(fromIamTags(Tags), 'ignores case'),
  uses: [
    {
      on: 'entity',
      locate: ({ RoleName, Path = '/' }, { call: { principal } }) => ({
        arn: roleArn({ account: principal.account, path: Path, roleName: RoleName }),
      }),
      permission: 'iam:CreateRole',
      conditionKeys: ({ Tags, PermissionsBoundary }) => ({
        ...iamTagConditions(Tags),
        'iam:PermissionsBoundary': PermissionsBoundary,
      }),
    },
    {
      on: 'entity',
      applies: ({ Tags }) => hasTags(Tags),
      locate: ({ RoleName, Path = '/' }, { call: { principal } }) => ({
        arn: roleArn({ account: principal.account, path: Path, roleName: RoleName }),
      }),
      permission: 'iam:TagRole',
      conditionKeys: ({ Tags }) => iamTagConditions(Tags),
    },
  ],
  audit: {
    readOnly: false,
    parameters: (input) => ({
      path: input.Path,
      roleName: input.RoleName,
      assumeRolePolicyDocument: input.AssumeRolePolicyDocument,
      description: input.Description,
      maxSessionDuration: input.MaxSessionDuration,
      permissionsBoundary: input.PermissionsBoundary,
      tags: auditedIamTags(input.Tags),
    }),
    response: ({ Role }) => ({ role: { arn: Role.Arn, roleId: Role.RoleId, roleName: Role.RoleName } }),
  },
  async handler(input, { call, random, identity, change }) {
    const { RoleName, AssumeRolePolicyDocument, PermissionsBoundary } = input
    const { account } = call.principal
    const trustPolicy = await bindTrustPolicy(AssumeRolePolicyDocument, change, identity.externalAccounts)
    await checkNewRole(change, account, RoleName)
    if (PermissionsBoundary !== undefined) await checkBoundary(change, account, PermissionsBoundary)
    const role = {
      account,
      path: input.Path ?? '/',
      roleName: RoleName,
      roleId: uniqueIdOf('role', random),
      createdAt: call.time,
      description: input.Description,
      maxSessionSeconds: input.MaxSessionDuration ?? MAX_SESSION_SECONDS_BY_DEFAULT,
      trustPolicy,
      tags: fromIamTags(input.Tags),
      boundaryArn: PermissionsBoundary,
    }
    await change.insertRole(role)
    return { Role: newRoleAnswer(role, AssumeRolePolicyDocument) }
  },
})
