/** The roles of the account. */
import { optional, structure } from '../../base/schema.ts'
import { showPolicy } from '../../domain/identity/bound-policies.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { pathPrefix, shownAsPath } from '../shapes/iam-members.ts'
import { iamPage, iamPageStart, pageMembers } from '../shapes/iam-paging.ts'
import { roleEntry } from '../shapes/iam-roles.ts'

export const ListRoles = defineOperation({
  service: 'iam',
  name: 'ListRoles',
  input: structure({ PathPrefix: optional(pathPrefix), ...pageMembers }),
  uses: [{ on: 'account', permission: 'iam:ListRoles', shownAs: shownAsPath('role') }],
  audit: {
    readOnly: true,
    parameters: ({ PathPrefix, Marker, MaxItems }) => ({ pathPrefix: PathPrefix, marker: Marker, maxItems: MaxItems }),
  },
  async handler(input, { call, store }) {
    const start = iamPageStart(input, 'ListRoles')
    const found = await store.listRoles(call.principal.account, { ...start, pathPrefix: input.PathPrefix ?? '/' })
    const { items, end } = iamPage(input, 'ListRoles', found, ({ roleName }) => roleName)
    const Roles = []
    for (const role of items) Roles.push(roleEntry(role, await showPolicy(role.trustPolicy, store)))
    return { Roles, ...end }
  },
})
