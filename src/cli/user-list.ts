/** `keyhold user list`: every user of the account. */
import { defineOperatorCommand, listAll } from './operator-command.ts'
import { printTable } from './terminal.ts'

interface User {
  readonly UserName: string
  readonly Arn: string
  readonly CreateDate: string
}

export const userList = defineOperatorCommand({
  description: 'Prints all users of the account, one a line: name, ARN, when it was made.',
  async run({ operator, terminal }) {
    const users = await listAll<User>(operator, 'ListUsers', 'Users')
    printTable(
      terminal,
      users.map(({ UserName, Arn, CreateDate }) => [UserName, Arn, CreateDate]),
    )
  },
})
