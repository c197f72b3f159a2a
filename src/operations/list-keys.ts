/** The keys of an account and Region, in every state (operations.md 3.36). */
import { structure } from '../base/schema.ts'
import { arnOf } from '../domain/keys/key.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { limit, marker } from './shapes/members.ts'
import { page, pageLimit, pageStart } from './shapes/pagination.ts'

export const ListKeys = defineOperation({
  name: 'ListKeys',
  input: structure({ Limit: limit, Marker: marker }),
  uses: [{ on: 'account', permission: 'kms:ListKeys' }],
  audit: { readOnly: true, parameters: ({ Limit, Marker }) => ({ limit: Limit, marker: Marker }) },
  async handler(input, { call, store }) {
    const { account } = call.principal
    const scope = ['ListKeys', account, call.region]
    const limit = pageLimit(input, 100, 1000)
    const after = pageStart(input, scope)
    const found = await store.listKeys(account, call.region, { after, limit: limit + 1 }, call.time)
    const { items, end } = page(found, limit, scope, ({ keyId }) => keyId)
    return { Keys: items.map((name) => ({ KeyId: name.keyId, KeyArn: arnOf(name) })), ...end }
  },
})
