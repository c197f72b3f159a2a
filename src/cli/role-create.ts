/** `keyhold role create NAME TRUST-POLICY`: something that others can become. */
import { flag } from '../config/command-flags.ts'
import { text } from '../config/kinds.ts'
import { defineOperatorCommand } from './operator-command.ts'
import { policyArnOf } from './owner-flags.ts'
import { readPolicyFile } from './policy-file.ts'

interface Answer {
  readonly Role: { readonly Arn: string }
}

export const roleCreate = defineOperatorCommand({
  args: ['NAME', 'TRUST-POLICY'],
  flags: {
    path: flag(text('PATH'), 'Path in its ARN, such as /app/; / if not given.'),
    policy: flag(text('POLICY'), 'Attach this managed policy: an ARN, or a name such as AdministratorAccess.'),
  },
  description: `
Makes a role and prints its ARN. TRUST-POLICY is a JSON file that says who may assume it; the users and
roles that it names must exist.`,
  async run({ operator, flags, args: [RoleName, file], terminal }) {
    const AssumeRolePolicyDocument = readPolicyFile(file!, terminal)
    const PolicyArn = flags.policy && (await policyArnOf(operator, flags.policy))
    const request = { RoleName, AssumeRolePolicyDocument, ...(flags.path && { Path: flags.path }) }
    const { Role } = await operator.iam<Answer>('CreateRole', request)
    if (PolicyArn) await operator.iam('AttachRolePolicy', { RoleName, PolicyArn })
    terminal.print(Role.Arn)
  },
})
