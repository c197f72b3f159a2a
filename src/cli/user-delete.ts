/** `keyhold user delete NAME`. */
import { defineOperatorCommand } from './operator-command.ts'

export const userDelete = defineOperatorCommand({
  args: ['NAME'],
  description: `
Deletes a user that has no access keys, policies and groups any more. Key policies and grants that name
it do not apply to another user who gets the same name later.`,
  async run({ operator, args: [UserName] }) {
    await operator.iam('DeleteUser', { UserName })
  },
})
