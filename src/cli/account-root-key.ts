/** `keyhold account root-key`: an access key of the account's root, which nothing makes unasked (authorization.md 6.1). */

import { ACCESS_KEY_FLAGS, makeAccessKey } from './new-access-key.ts'
import { defineOperatorCommand } from './operator-command.ts'

export const accountRootKey = defineOperatorCommand({
  flags: ACCESS_KEY_FLAGS,
  description: `
Makes an access key for the root of the account. Root may do everything with users, roles and policies,
and with keys whatever their policies leave to the account. No policy of a user or role bounds it, so
work with users and roles, and keep this one for emergencies.`,
  run: ({ operator, flags, terminal }) => makeAccessKey(operator, undefined, flags, terminal),
})
