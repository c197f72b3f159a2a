/** `keyhold policy list`: what a user, role or group has, or what there is to attach. */
import { defineOperatorCommand, listAll } from './operator-command.ts'
import { OWNER_FLAGS, ownerIfAny } from './owner-flags.ts'
import { printTable } from './terminal.ts'

interface Managed {
  readonly PolicyName: string
  readonly Arn: string
}

interface Attached {
  readonly PolicyName: string
  readonly PolicyArn: string
}

export const policyList = defineOperatorCommand({
  flags: OWNER_FLAGS,
  description: `
Prints the policies of a user, role or group, inline ones first, without those of a user's groups. Without
--user, --role and --group: all managed policies that can be attached.`,
  async run({ operator, flags, terminal }) {
    const owner = ownerIfAny(flags)
    if (owner === undefined) {
      const policies = await listAll<Managed>(operator, 'ListPolicies', 'Policies')
      printTable(
        terminal,
        policies.map(({ PolicyName, Arn }) => [PolicyName, Arn]),
      )
      return
    }
    const { noun, member } = owner
    const inline = await listAll<string>(operator, `List${noun}Policies`, 'PolicyNames', member)
    const attached = await listAll<Attached>(operator, `ListAttached${noun}Policies`, 'AttachedPolicies', member)
    const rows = attached.map(({ PolicyName, PolicyArn }) => [PolicyName, PolicyArn])
    printTable(terminal, [...inline.map((name) => [name, 'inline']), ...rows])
  },
})
