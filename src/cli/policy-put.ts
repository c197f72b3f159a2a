/** `keyhold policy put NAME FILE`, `keyhold policy delete NAME`: inline policies of users, roles and groups. */
import { defineOperatorCommand } from './operator-command.ts'
import { OWNER_FLAGS, ownerOf } from './owner-flags.ts'
import { readPolicyFile } from './policy-file.ts'

export const policyPut = defineOperatorCommand({
  args: ['NAME', 'FILE'],
  flags: OWNER_FLAGS,
  description: 'Gives a user, role or group the inline policy in a JSON file, in place of the one of that name.',
  async run({ operator, flags, args: [PolicyName, file], terminal }) {
    const { noun, member } = ownerOf(flags)
    const PolicyDocument = readPolicyFile(file!, terminal)
    await operator.iam(`Put${noun}Policy`, { ...member, PolicyName, PolicyDocument })
  },
})

export const policyDelete = defineOperatorCommand({
  args: ['NAME'],
  flags: OWNER_FLAGS,
  description: 'Deletes an inline policy of a user, role or group.',
  async run({ operator, flags, args: [PolicyName] }) {
    const { noun, member } = ownerOf(flags)
    await operator.iam(`Delete${noun}Policy`, { ...member, PolicyName })
  },
})
