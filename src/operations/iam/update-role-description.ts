/** Changes what is said of a role; UpdateRole does so too. */
import { structure } from '../../base/schema.ts'
import { showPolicy } from '../../domain/identity/bound-policies.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { boundaryInForce, roleName } from '../shapes/iam-members.ts'
import { describedRoleAnswer, locateRole, requireRole, roleDescription } from '../shapes/iam-roles.ts'

export const UpdateRoleDescription = defineChange({
  service: 'iam',
  name: 'UpdateRoleDescription',
  input: structure({ RoleName: roleName, Description: roleDescription }),
  uses: [{ on: 'entity', locate: locateRole, permission: 'iam:UpdateRoleDescription', conditionKeys: boundaryInForce }],
  audit: {
    readOnly: false,
    parameters: ({ RoleName, Description }) => ({ roleName: RoleName, description: Description }),
  },
  async handler(input, { call, change }) {
    const present = await requireRole(change, call.principal.account, input)
    const role = { ...present, description: input.Description }
    await change.updateRole(role)
    return { Role: describedRoleAnswer(role, await showPolicy(role.trustPolicy, change)) }
  },
})
