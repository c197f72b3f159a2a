/** `keyhold account list`: every account of the data folder. */
import { defineOperatorCommand } from './operator-command.ts'
import { printTable } from './terminal.ts'

export const accountList = defineOperatorCommand({
  ofAccount: false,
  description: 'Prints all accounts, one a line, with the alias of those that have one.',
  async run({ operator: { store }, terminal }) {
    const rows: string[][] = []
    for (const account of await store.listAccounts()) rows.push([account, (await store.accountAlias(account)) ?? ''])
    printTable(terminal, rows)
  },
})
