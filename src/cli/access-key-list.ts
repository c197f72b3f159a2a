/** `keyhold access-key list USER`. */
import { defineOperatorCommand, listAll } from './operator-command.ts'
import { printTable } from './terminal.ts'

interface AccessKeyMetadata {
  readonly AccessKeyId: string
  readonly Status: string
  readonly CreateDate: string
}

export const accessKeyList = defineOperatorCommand({
  args: ['USER'],
  description: 'Prints the access keys of a user, one a line: id, status, when it was made, when it was last used.',
  async run({ operator, args: [UserName], terminal }) {
    const keys = await listAll<AccessKeyMetadata>(operator, 'ListAccessKeys', 'AccessKeyMetadata', { UserName })
    const rows: string[][] = []
    for (const { AccessKeyId, Status, CreateDate } of keys) {
      const use = await operator.store.findAccessKeyUse(AccessKeyId)
      const used = use === undefined ? 'never used' : `used ${new Date(use.usedAt).toISOString()} for ${use.service}`
      rows.push([AccessKeyId, Status, CreateDate, used])
    }
    printTable(terminal, rows)
  },
})
