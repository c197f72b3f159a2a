/** `keyhold policy attach POLICY`, `keyhold policy detach POLICY`: managed policies of users, roles and groups. */
import { defineOperatorCommand } from './operator-command.ts'
import { OWNER_FLAGS, ownerOf, policyArnOf } from './owner-flags.ts'

export const policyAttach = defineOperatorCommand({
  args: ['POLICY'],
  flags: OWNER_FLAGS,
  description: `
Attaches a managed policy to a user, role or group. POLICY is an ARN or a name: AdministratorAccess,
AWSKeyManagementServicePowerUser, IAMFullAccess, ReadOnlyAccess, or that of a policy of the account.`,
  async run({ operator, flags, args: [policy] }) {
    const { noun, member } = ownerOf(flags)
    await operator.iam(`Attach${noun}Policy`, { ...member, PolicyArn: await policyArnOf(operator, policy!) })
  },
})

export const policyDetach = defineOperatorCommand({
  args: ['POLICY'],
  flags: OWNER_FLAGS,
  description: 'Takes a managed policy away from a user, role or group. POLICY is an ARN or a name.',
  async run({ operator, flags, args: [policy] }) {
    const { noun, member } = ownerOf(flags)
    await operator.iam(`Detach${noun}Policy`, { ...member, PolicyArn: await policyArnOf(operator, policy!) })
  },
})
