/** Nobody has a password, which clients that delete a user want to hear, and so there is no policy for passwords. */
import { optional, structure } from '../../base/schema.ts'
import { noSuchEntity } from '../../domain/identity/iam-errors.ts'
import type { IdentityReader } from '../../domain/identity/identity-store.ts'
import type { Principal } from '../../domain/principal.ts'
import { defineChange, defineOperation } from '../../pipeline/operation.ts'
import { userName } from '../shapes/iam-members.ts'
import { checkNamesUser, locateUserOrCaller, requireUserOrCaller } from '../shapes/iam-users.ts'

const input = structure({ UserName: optional(userName) })

interface Named {
  readonly UserName?: string
}

async function refuse(store: IdentityReader, call: { readonly principal: Principal }, named: Named): Promise<never> {
  const { user } = await requireUserOrCaller(store, call, named)
  throw noSuchEntity(`Login Profile for User ${user?.userName ?? call.principal.account} cannot be found.`)
}

function auditedName({ UserName }: Named) {
  return { userName: UserName }
}

export const GetLoginProfile = defineOperation({
  service: 'iam',
  name: 'GetLoginProfile',
  input,
  check: checkNamesUser,
  uses: [{ on: 'entity', locate: locateUserOrCaller, permission: 'iam:GetLoginProfile' }],
  audit: { readOnly: true, parameters: auditedName },
  handler: (named, { call, store }) => refuse(store, call, named),
})

export const DeleteLoginProfile = defineChange({
  service: 'iam',
  name: 'DeleteLoginProfile',
  input,
  check: checkNamesUser,
  uses: [{ on: 'entity', locate: locateUserOrCaller, permission: 'iam:DeleteLoginProfile' }],
  audit: { readOnly: false, parameters: auditedName },
  handler: (named, { call, change }) => refuse(change, call, named),
})

export const GetAccountPasswordPolicy = defineOperation({
  service: 'iam',
  name: 'GetAccountPasswordPolicy',
  input: structure({}),
  uses: [{ on: 'account', permission: 'iam:GetAccountPasswordPolicy' }],
  audit: { readOnly: true },
  handler(_input, { call: { principal } }) {
    throw noSuchEntity(`The Password Policy with domain name ${principal.account} cannot be found.`)
  },
})
