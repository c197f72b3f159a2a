/** The users of an account, in order of their names. */
import { optional, structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { pathPrefix, shownAsPath } from '../shapes/iam-members.ts'
import { iamPage, iamPageStart, pageMembers } from '../shapes/iam-paging.ts'
import { userEntry } from '../shapes/iam-users.ts'

export const ListUsers = defineOperation({
  service: 'iam',
  name: 'ListUsers',
  input: structure({ PathPrefix: optional(pathPrefix), ...pageMembers }),
  uses: [{ on: 'account', permission: 'iam:ListUsers', shownAs: shownAsPath('user') }],
  audit: {
    readOnly: true,
    parameters: ({ PathPrefix, Marker, MaxItems }) => ({ pathPrefix: PathPrefix, marker: Marker, maxItems: MaxItems }),
  },
  async handler(input, { call, store }) {
    const start = iamPageStart(input, 'ListUsers')
    const found = await store.listUsers(call.principal.account, { ...start, pathPrefix: input.PathPrefix ?? '/' })
    const { items, end } = iamPage(input, 'ListUsers', found, ({ userName }) => userName)
    return { Users: items.map(userEntry), ...end }
  },
})
