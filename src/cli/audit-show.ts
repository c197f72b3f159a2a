/** `keyhold audit show`: every record, one line of JSON each. */
import { AuditLogError, readAuditLog } from '../audit/read-log.ts'
import { OperatorError } from '../config/operator-error.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { dataFolder, requireAuditFolder } from '../start/data-folder.ts'
import { defineCommand } from './command.ts'
import { EXIT_OK, type Terminal } from './terminal.ts'

export const auditShow = defineCommand({
  settings: ['data', 'config'],
  fallbacks: { data: '~/.local/share/keyhold' },
  description: `
Prints all records of the audit log in CloudTrail's format, one line of JSON each. The server may be
running. Records of one process are in order; those of several are one after the other. For example:

  keyhold audit show | jq 'select(.errorCode == "AccessDenied")'`,
  async run({ settings, terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    requireAuditFolder(folder)
    try {
      await print(folder.audit, terminal)
      return EXIT_OK
    } catch (error) {
      if (!(error instanceof AuditLogError)) throw error
      throw new OperatorError(error.message, { hint: "'keyhold audit verify' tells what is wrong", cause: error })
    }
  },
})

async function print(folder: string, terminal: Terminal): Promise<void> {
  for await (const { line } of readAuditLog(folder)) {
    await terminal.print(line)
    if (terminal.isUnread) return
  }
}
