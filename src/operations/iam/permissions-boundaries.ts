/** Put and Delete{User,Role}PermissionsBoundary. */
import { checkBoundary } from '../../domain/identity/boundary.ts'
import { noSuchEntity } from '../../domain/identity/iam-errors.ts'
import type { Change } from '../../domain/store.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { arn, boundaryInForce } from '../shapes/iam-members.ts'
import {
  locateOwner,
  type Owner,
  type OwnerType,
  ownerName,
  ownerStructure,
  ROLE,
  requireOwner,
  USER,
} from '../shapes/iam-owners.ts'

/** The names of users as they can be; elsewhere the model admits longer ones. */
const STRICT = true

async function setBoundary(change: Change, { kind, account, name }: Owner, boundaryArn: string | undefined) {
  if (kind === 'user') {
    const user = await change.findUser(account, name)
    await change.updateUser({ ...user!, boundaryArn })
  } else {
    const role = await change.findRole(account, name)
    await change.updateRole({ ...role!, boundaryArn })
  }
}

function definePut(type: OwnerType) {
  const name = `Put${type.noun}PermissionsBoundary`
  return defineChange({
    service: 'iam',
    name,
    input: ownerStructure(type, { PermissionsBoundary: arn }, STRICT),
    uses: [
      {
        on: 'entity',
        locate: (input, lookup) => locateOwner(type, ownerName(type, input), lookup),
        permission: `iam:${name}`,
        // The boundary to come, so that a policy can say which ones an administrator may give.
        conditionKeys: ({ PermissionsBoundary }) => ({ 'iam:PermissionsBoundary': PermissionsBoundary }),
      },
    ],
    audit: {
      readOnly: false,
      parameters: (input) => ({
        [type.auditMember]: ownerName(type, input),
        permissionsBoundary: input.PermissionsBoundary,
      }),
    },
    async handler(input, { call, change }) {
      const { account } = call.principal
      const owner = await requireOwner(type, change, account, ownerName(type, input))
      await checkBoundary(change, account, input.PermissionsBoundary)
      await setBoundary(change, owner, input.PermissionsBoundary)
    },
  })
}

function defineDelete(type: OwnerType) {
  const name = `Delete${type.noun}PermissionsBoundary`
  return defineChange({
    service: 'iam',
    name,
    input: ownerStructure(type, {}, STRICT),
    uses: [
      {
        on: 'entity',
        locate: (input, lookup) => locateOwner(type, ownerName(type, input), lookup),
        permission: `iam:${name}`,
        conditionKeys: boundaryInForce,
      },
    ],
    audit: { readOnly: false, parameters: (input) => ({ [type.auditMember]: ownerName(type, input) }) },
    async handler(input, { call, change }) {
      const owner = await requireOwner(type, change, call.principal.account, ownerName(type, input))
      if (owner.boundaryArn === undefined) {
        throw noSuchEntity(`The ${type.kind} with name ${owner.name} does not have a permissions boundary.`)
      }
      await setBoundary(change, owner, undefined)
    },
  })
}

export const PutUserPermissionsBoundary = definePut(USER)
export const PutRolePermissionsBoundary = definePut(ROLE)
export const DeleteUserPermissionsBoundary = defineDelete(USER)
export const DeleteRolePermissionsBoundary = defineDelete(ROLE)
