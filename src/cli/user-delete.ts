/** `keyhold user delete NAME`. */
import { KmsError } from '../base/errors.ts'
import { OperatorError } from '../config/operator-error.ts'
import { defineOperatorCommand } from './operator-command.ts'

export const userDelete = defineOperatorCommand({
  args: ['NAME'],
  description: `
Deletes a user that has no access keys, policies and groups any more. Key policies and grants that name
it do not apply to another user who gets the same name later.`,
  async run({ operator, args: [UserName] }) {
    try {
      await operator.iam('DeleteUser', { UserName })
    } catch (error) {
      throw isConflict(error) ? withHint(error, UserName!) : error
    }
  },
})

function isConflict(error: unknown): error is OperatorError {
  return error instanceof OperatorError && error.cause instanceof KmsError && error.cause.code === 'DeleteConflict'
}

/** The text is IAM's, and does not say what there is. */
function withHint({ message, cause }: OperatorError, name: string): OperatorError {
  const hint = `'keyhold access-key list ${name}' and 'keyhold policy list --user ${name}' show what it has; groups are in 'aws iam'`
  return new OperatorError(message, { hint, cause })
}
