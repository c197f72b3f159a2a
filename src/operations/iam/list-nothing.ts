/**
 * Lists of what Keyhold does not offer: they are empty. Terraform and others ask for them before they delete users and
 * roles (authorization.md 6.6).
 */
import { validationError } from '../../base/errors.ts'
import { boolean, enumeration, optional, string, structure } from '../../base/schema.ts'
import { entityArn } from '../../domain/identity/entity-arns.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { existingUserName, pathPrefix, userName } from '../shapes/iam-members.ts'
import { locateOwner, ownerName, ownerStructure, ROLE, requireOwner } from '../shapes/iam-owners.ts'
import { iamPageByPosition, pageMembers } from '../shapes/iam-paging.ts'
import { checkNamesUser, locateUserOrCaller, requireUserOrCaller } from '../shapes/iam-users.ts'

/** @param listMember of the answer. @param name the user's, optional: the caller's own if left out. */
function defineForUser(operation: string, listMember: string, name = existingUserName) {
  return defineOperation({
    service: 'iam',
    name: operation,
    input: structure({ UserName: optional(name), ...pageMembers }),
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
/** Of one user, or of all of them. */
export const ListServiceSpecificCredentials = defineOperation({
  service: 'iam',
  name: 'ListServiceSpecificCredentials',
  input: structure({
    UserName: optional(userName),
    ServiceName: optional(string()),
    AllUsers: optional(boolean()),
    ...pageMembers,
  }),
  check(input, call) {
    if (input.AllUsers !== true) checkNamesUser(input, call)
    else if (input.UserName !== undefined) throw validationError('Specify either userName or allUsers.')
  },
  uses: [
    {
      on: 'entity',
      locate: (input, lookup) =>
        input.AllUsers === true
          ? { arn: entityArn(lookup.call.principal.account, 'user', '/', '*') }
          : locateUserOrCaller(input, lookup),
      permission: 'iam:ListServiceSpecificCredentials',
    },
  ],
  audit: {
    readOnly: true,
    parameters: (input) => ({
      userName: input.UserName,
      serviceName: input.ServiceName,
      allUsers: input.AllUsers,
      marker: input.Marker,
      maxItems: input.MaxItems,
    }),
  },
  async handler(input, { call, store }) {
    if (input.AllUsers !== true) await requireUserOrCaller(store, call, input)
    const { items, end } = iamPageByPosition(input, 'ListServiceSpecificCredentials', [])
    return { ServiceSpecificCredentials: items, ...end }
  },
})

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

/** @param listMember of the answer. */
function defineForAccount(operation: string, listMember: string) {
  return defineOperation({
    service: 'iam',
    name: operation,
    input: structure({ PathPrefix: optional(pathPrefix), ...pageMembers }),
    uses: [{ on: 'account', permission: `iam:${operation}` }],
    audit: {
      readOnly: true,
      parameters: ({ PathPrefix, Marker, MaxItems }) => ({
        pathPrefix: PathPrefix,
        marker: Marker,
        maxItems: MaxItems,
      }),
    },
    handler(input) {
      const { items, end } = iamPageByPosition(input, operation, [])
      return { [listMember]: items, ...end }
    },
  })
}

export const ListInstanceProfiles = defineForAccount('ListInstanceProfiles', 'InstanceProfiles')
export const ListServerCertificates = defineForAccount('ListServerCertificates', 'ServerCertificateMetadataList')

/** AWS has no pages of them. */
export const ListSAMLProviders = defineOperation({
  service: 'iam',
  name: 'ListSAMLProviders',
  input: structure({}),
  uses: [{ on: 'account', permission: 'iam:ListSAMLProviders' }],
  audit: { readOnly: true },
  handler: () => ({ SAMLProviderList: [] }),
})
