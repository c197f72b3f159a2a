/** `keyhold service list`. */
import { defineOperatorCommand } from './operator-command.ts'
import { printTable } from './terminal.ts'

export const serviceList = defineOperatorCommand({
  ofAccount: false,
  description: 'Prints the services and their access keys, one a line: name, id, status, when the key was last used.',
  async run({ operator: { store }, terminal }) {
    const rows: string[][] = []
    for (const { name } of await store.listServices()) {
      const keys = await store.listServiceAccessKeys(name)
      if (keys.length === 0) rows.push([name, 'no access key'])
      for (const { accessKeyId, active } of keys) {
        const use = await store.findAccessKeyUse(accessKeyId)
        const used = use === undefined ? 'never used' : `used ${new Date(use.usedAt).toISOString()}`
        rows.push([name, accessKeyId, active ? 'Active' : 'Inactive', used])
      }
    }
    printTable(terminal, rows)
  },
})
