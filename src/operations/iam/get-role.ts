/** A role with its trust policy. */
import { structure } from '../../base/schema.ts'
import { showPolicy } from '../../domain/identity/bound-policies.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { boundaryInForce, roleName } from '../shapes/iam-members.ts'
import { locateRole, requireRole, roleAnswer } from '../shapes/iam-roles.ts'

export const GetRole = defineOperation({
  service: 'iam',
  name: 'GetRole',
  input: structure({ RoleName: roleName }),
  uses: [{ on: 'entity', locate: locateRole, permission: 'iam:GetRole', conditionKeys: boundaryInForce }],
  audit: { readOnly: true, parameters: ({ RoleName }) => ({ roleName: RoleName }) },
  async handler(input, { call, store }) {
    const role = await requireRole(store, call.principal.account, input)
    return { Role: roleAnswer(role, await showPolicy(role.trustPolicy, store)) }
  },
})
