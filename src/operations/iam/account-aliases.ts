/** CreateAccountAlias, DeleteAccountAlias, ListAccountAliases: the one name that an account can have besides its number. */
import { KmsError } from '../../base/errors.ts'
import { string, structure } from '../../base/schema.ts'
import { noSuchEntity } from '../../domain/identity/iam-errors.ts'
import { defineChange, defineOperation } from '../../pipeline/operation.ts'
import { iamPageByPosition, pageMembers } from '../shapes/iam-paging.ts'

const accountAlias = string({ min: 3, max: 63, pattern: '^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$' })
const input = structure({ AccountAlias: accountAlias })

interface Named {
  readonly AccountAlias: string
}

function auditedAlias({ AccountAlias }: Named) {
  return { accountAlias: AccountAlias }
}

/** Replaces the alias that the account had. */
export const CreateAccountAlias = defineChange({
  service: 'iam',
  name: 'CreateAccountAlias',
  input,
  uses: [{ on: 'account', permission: 'iam:CreateAccountAlias' }],
  audit: { readOnly: false, parameters: auditedAlias },
  async handler({ AccountAlias }, { call, change }) {
    if ((await change.findAccountByAlias(AccountAlias)) !== undefined) {
      throw new KmsError('EntityAlreadyExists', `The account alias ${AccountAlias} already exists.`)
    }
    await change.setAccountAlias(call.principal.account, AccountAlias)
  },
})

export const DeleteAccountAlias = defineChange({
  service: 'iam',
  name: 'DeleteAccountAlias',
  input,
  uses: [{ on: 'account', permission: 'iam:DeleteAccountAlias' }],
  audit: { readOnly: false, parameters: auditedAlias },
  async handler({ AccountAlias }, { call, change }) {
    const { account } = call.principal
    if ((await change.accountAlias(account)) !== AccountAlias) {
      throw noSuchEntity(`The account alias with name ${AccountAlias} cannot be found.`)
    }
    await change.setAccountAlias(account, undefined)
  },
})

export const ListAccountAliases = defineOperation({
  service: 'iam',
  name: 'ListAccountAliases',
  input: structure(pageMembers),
  uses: [{ on: 'account', permission: 'iam:ListAccountAliases' }],
  audit: { readOnly: true, parameters: ({ Marker, MaxItems }) => ({ marker: Marker, maxItems: MaxItems }) },
  async handler(request, { call, store }) {
    const alias = await store.accountAlias(call.principal.account)
    const { items, end } = iamPageByPosition(request, 'ListAccountAliases', alias === undefined ? [] : [alias])
    return { AccountAliases: items, ...end }
  },
})
