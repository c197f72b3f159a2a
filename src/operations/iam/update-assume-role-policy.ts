/** Replaces the trust policy of a role. */
import { structure } from '../../base/schema.ts'
import { bindTrustPolicy } from '../../domain/identity/trust-policies.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { boundaryInForce, policyDocument, roleName } from '../shapes/iam-members.ts'
import { locateRole, requireRole } from '../shapes/iam-roles.ts'

export const UpdateAssumeRolePolicy = defineChange({
  service: 'iam',
  name: 'UpdateAssumeRolePolicy',
  input: structure({ RoleName: roleName, PolicyDocument: policyDocument }),
  uses: [
    { on: 'entity', locate: locateRole, permission: 'iam:UpdateAssumeRolePolicy', conditionKeys: boundaryInForce },
  ],
  audit: {
    readOnly: false,
    parameters: ({ RoleName, PolicyDocument }) => ({ roleName: RoleName, policyDocument: PolicyDocument }),
  },
  async handler(input, { call, identity, change }) {
    const role = await requireRole(change, call.principal.account, input)
    const trustPolicy = await bindTrustPolicy(input.PolicyDocument, change, identity.externalAccounts)
    await change.updateRole({ ...role, trustPolicy })
  },
})
