/** Deletes a role that has no policies; its sessions end with it. */
import { structure } from '../../base/schema.ts'
import { checkRoleIsUnused } from '../../domain/identity/entity-rules.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { boundaryInForce, roleName } from '../shapes/iam-members.ts'
import { locateRole, requireRole } from '../shapes/iam-roles.ts'

export const DeleteRole = defineChange({
  service: 'iam',
  name: 'DeleteRole',
  input: structure({ RoleName: roleName }),
  uses: [{ on: 'entity', locate: locateRole, permission: 'iam:DeleteRole', conditionKeys: boundaryInForce }],
  audit: { readOnly: false, parameters: ({ RoleName }) => ({ roleName: RoleName }) },
  async handler(input, { call, change }) {
    const role = await requireRole(change, call.principal.account, input)
    await checkRoleIsUnused(change, role)
    await change.deleteRole(role)
  },
})
