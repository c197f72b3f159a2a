/** `keyhold role list`: every role of the account. */
import { defineOperatorCommand, listAll } from './operator-command.ts'
import { printTable } from './terminal.ts'

interface Role {
  readonly RoleName: string
  readonly Arn: string
  readonly CreateDate: string
}

export const roleList = defineOperatorCommand({
  description: 'Prints all roles of the account, one a line: name, ARN, when it was made.',
  async run({ operator, terminal }) {
    const roles = await listAll<Role>(operator, 'ListRoles', 'Roles')
    printTable(
      terminal,
      roles.map(({ RoleName, Arn, CreateDate }) => [RoleName, Arn, CreateDate]),
    )
  },
})
