/** Changes what is said of a role and how long its sessions may be; what is left out stays. */
import { optional, structure } from '../../base/schema.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { boundaryInForce, roleName } from '../shapes/iam-members.ts'
import { locateRole, maxSessionDuration, requireRole, roleDescription } from '../shapes/iam-roles.ts'

export const UpdateRole = defineChange({
  service: 'iam',
  name: 'UpdateRole',
  input: structure({
    RoleName: roleName,
    Description: optional(roleDescription),
    MaxSessionDuration: optional(maxSessionDuration),
  }),
  uses: [{ on: 'entity', locate: locateRole, permission: 'iam:UpdateRole', conditionKeys: boundaryInForce }],
  audit: {
    readOnly: false,
    parameters: ({ RoleName, Description, MaxSessionDuration }) => ({
      roleName: RoleName,
      description: Description,
      maxSessionDuration: MaxSessionDuration,
    }),
  },
  async handler(input, { call, change }) {
    const role = await requireRole(change, call.principal.account, input)
    await change.updateRole({
      ...role,
      description: input.Description ?? role.description,
      maxSessionSeconds: input.MaxSessionDuration ?? role.maxSessionSeconds,
    })
    return {}
  },
})
