/** The groups of an account, in order of their names. */
import { optional, structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { pathPrefix, shownAsPath } from '../shapes/iam-members.ts'
import { iamPage, iamPageStart, pageMembers } from '../shapes/iam-paging.ts'
import { groupAnswer } from '../shapes/iam-users.ts'

export const ListGroups = defineOperation({
  service: 'iam',
  name: 'ListGroups',
  input: structure({ PathPrefix: optional(pathPrefix), ...pageMembers }),
  uses: [{ on: 'account', permission: 'iam:ListGroups', shownAs: shownAsPath('group') }],
  audit: {
    readOnly: true,
    parameters: ({ PathPrefix, Marker, MaxItems }) => ({ pathPrefix: PathPrefix, marker: Marker, maxItems: MaxItems }),
  },
  async handler(input, { call, store }) {
    const start = iamPageStart(input, 'ListGroups')
    const found = await store.listGroups(call.principal.account, { ...start, pathPrefix: input.PathPrefix ?? '/' })
    const { items, end } = iamPage(input, 'ListGroups', found, ({ groupName }) => groupName)
    return { Groups: items.map(groupAnswer), ...end }
  },
})
