/**
 * Lists of what Keyhold does not offer: they are empty. Terraform and others ask for them before they delete users and
 * roles (authorization.md 6.6).
 */
import { boolean, enumeration, type Members, optional, string, structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { existingUserName, userName } from '../shapes/iam-members.ts'
import { locateOwner, ownerName, ownerStructure, ROLE, requireOwner } from '../shapes/iam-owners.ts'
import { iamPageByPosition, pageMembers } from '../shapes/iam-paging.ts'
import { checkNamesUser, locateUserOrCaller, requireUserOrCaller } from '../shapes/iam-users.ts'

/** @param listMember of the answer. @param name the user's, optional: the caller's own if left out. */
function defineForUser(operation: string, listMember: string, name = existingUserName, others: Members = {}) {
  return defineOperation({
    service: 'iam',
    name: operation,
    input: structure({ UserName: optional(name), ...others, ...pageMembers }),
    check: checkNamesUser,
    uses: [{ on: 'entity', locate: locateUserOrCaller, permission: `iam:${operation}` }],
    audit: {
      readOnly: true,
      parameters: ({ UserName, Marker, MaxItems }) => ({ userName: UserName, marker: Marker, maxItems: MaxItems }),
    },
    async handler(input, { call, store }) {
      await requireUserOrCaller(store, call, input)
      const { items, end } = iamPageByPosition(input, operation, [])
      return { [listMember]: items, ...end }
    },
  })
}

export const ListMFADevices = defineForUser('ListMFADevices', 'MFADevices')
export const ListSigningCertificates = defineForUser('ListSigningCertificates', 'Certificates')
export const ListSSHPublicKeys = defineForUser('ListSSHPublicKeys', 'SSHPublicKeys', userName)
export const ListServiceSpecificCredentials = defineForUser(
  'ListServiceSpecificCredentials',
  'ServiceSpecificCredentials',
  userName,
  { ServiceName: optional(string()), AllUsers: optional(boolean()) },
)

export const ListInstanceProfilesForRole = defineOperation({
  service: 'iam',
  name: 'ListInstanceProfilesForRole',
  input: ownerStructure(ROLE, pageMembers),
  uses: [
    {
      on: 'entity',
      locate: (input, lookup) => locateOwner(ROLE, ownerName(ROLE, input), lookup),
      permission: 'iam:ListInstanceProfilesForRole',
    },
  ],
  audit: {
    readOnly: true,
    parameters: (input) => ({ roleName: ownerName(ROLE, input), marker: input.Marker, maxItems: input.MaxItems }),
  },
  async handler(input, { call, store }) {
    await requireOwner(ROLE, store, call.principal.account, ownerName(ROLE, input))
    const { items, end } = iamPageByPosition(input, 'ListInstanceProfilesForRole', [])
    return { InstanceProfiles: items, ...end }
  },
})

export const ListVirtualMFADevices = defineOperation({
  service: 'iam',
  name: 'ListVirtualMFADevices',
  input: structure({
    AssignmentStatus: optional(enumeration(['Assigned', 'Unassigned', 'Any'])),
    ...pageMembers,
  }),
  uses: [{ on: 'account', permission: 'iam:ListVirtualMFADevices' }],
  audit: {
    readOnly: true,
    parameters: ({ AssignmentStatus, Marker, MaxItems }) => ({
      assignmentStatus: AssignmentStatus,
      marker: Marker,
      maxItems: MaxItems,
    }),
  },
  handler(input) {
    const { items, end } = iamPageByPosition(input, 'ListVirtualMFADevices', [])
    return { VirtualMFADevices: items, ...end }
  },
})
