/** `keyhold access-key create USER`. */
import { ACCESS_KEY_FLAGS, makeAccessKey } from './new-access-key.ts'
import { defineOperatorCommand } from './operator-command.ts'

export const accessKeyCreate = defineOperatorCommand({
  args: ['USER'],
  flags: ACCESS_KEY_FLAGS,
  description: `
Makes an access key for a user, who can have two: make the new one, give it to its programs, then delete
the old one. The secret goes to a file that only its owner can read; it cannot be shown again.`,
  run: ({ operator, flags, args: [user], terminal }) => makeAccessKey(operator, user, flags, terminal),
})
