/** `keyhold user create NAME`: a person or a program. */
import { flag } from '../config/command-flags.ts'
import { text, yesOrNo } from '../config/kinds.ts'
import { UsageError } from '../config/operator-error.ts'
import { ACCESS_KEY_FLAGS, makeAccessKey } from './new-access-key.ts'
import { defineOperatorCommand } from './operator-command.ts'
import { policyArnOf } from './owner-flags.ts'

interface Answer {
  readonly User: { readonly Arn: string }
}

export const userCreate = defineOperatorCommand({
  args: ['NAME'],
  flags: {
    path: flag(text('PATH'), 'Path in its ARN, such as /team/; / if not given.'),
    policy: flag(text('POLICY'), 'Attach this managed policy: an ARN, or a name such as AdministratorAccess.'),
    'access-key': flag(yesOrNo, 'Make an access key as well.'),
    ...ACCESS_KEY_FLAGS,
  },
  description: `
Makes a user and prints its ARN. A user can do nothing until a policy allows it: attach one here or with
'keyhold policy', or name the user in key policies.`,
  async run({ operator, flags, args: [UserName], terminal }) {
    const PolicyArn = flags.policy && (await policyArnOf(operator, flags.policy))
    const makeUser = async () => {
      const { User } = await operator.iam<Answer>('CreateUser', { UserName, ...(flags.path && { Path: flags.path }) })
      if (PolicyArn) await operator.iam('AttachUserPolicy', { UserName, PolicyArn })
      terminal.print(User.Arn)
    }
    if (flags['access-key']) return makeAccessKey(operator, UserName, flags, terminal, makeUser)
    const forTheKey = flags.print ? '--print' : flags.output && '--output'
    if (forTheKey) throw new UsageError(`${forTheKey} is for an access key; add --access-key to make one`)
    await makeUser()
  },
})
