/** `keyhold audit show`: records, one line of JSON each. */
import { readAuditLog } from '../audit/read-log.ts'
import { createRecordFilter } from '../audit/record-filter.ts'
import { flag } from '../config/command-flags.ts'
import { instant, text, trueFalseWord, wholeNumber } from '../config/kinds.ts'
import { UsageError } from '../config/operator-error.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { dataFolder, requireAuditFolder } from '../start/data-folder.ts'
import { defineCommand } from './command.ts'
import { EXIT_FAILED, EXIT_OK, tellError, tellWarning } from './terminal.ts'

const NEWEST_MAX = 10_000

export const auditShow = defineCommand({
  settings: ['data', 'config'],
  fallbacks: { data: '~/.local/share/keyhold' },
  flags: {
    'event-name': flag(text('NAME'), 'Only calls of this operation, such as Decrypt.'),
    'event-source': flag(
      text('SOURCE'),
      'Only kms.amazonaws.com, sts.amazonaws.com, iam.amazonaws.com or kms-xks-proxy.amazonaws.com.',
    ),
    'event-id': flag(text('ID'), 'Only the record with this eventID.'),
    'resource-name': flag(text('NAME'), 'Only calls on this key or alias: an ARN, a key id, or alias/NAME.'),
    username: flag(text('NAME'), 'Only calls of this user, of root, or of this session of a role; an ARN will do.'),
    'access-key-id': flag(text('ID'), 'Only calls with this access key.'),
    'read-only': flag(trueFalseWord, 'Only calls that change nothing, or only those that do.'),
    'start-time': flag(instant, 'Only records from this time on; UTC, unless a zone is given.'),
    'end-time': flag(instant, 'Only records up to this time.'),
    newest: flag(wholeNumber(1, NEWEST_MAX), 'Only so many, the newest of those that fit, in order of time.'),
  },
  description: `
Prints records of the audit log in CloudTrail's format, one line of JSON each: all, or those that fit all
of the flags, which are those of CloudTrail's LookupEvents. The server may be running. Records of one
process are in order; those of several are one after the other, unless --newest sorts them. For example:

  keyhold audit show --username alice --start-time 2027-01-31 --newest 20
  keyhold audit show --event-name Decrypt --resource-name alias/app
  keyhold audit show | jq 'select(.errorCode == "AccessDenied")'

Where the log is damaged, standard error says so, and what can still be read is printed.

Exit code 0: all records that fit were printed. 1: the log is damaged, some may be missing.`,
  async run({ settings, flags, terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    requireAuditFolder(folder)
    const { 'start-time': startTime, 'end-time': endTime, newest } = flags
    if (startTime !== undefined && endTime !== undefined && endTime < startTime) {
      throw new UsageError('--end-time is before --start-time')
    }
    const timeOf = createRecordFilter({
      eventId: flags['event-id'],
      eventName: flags['event-name'],
      eventSource: flags['event-source'],
      resourceName: flags['resource-name'],
      username: flags.username,
      accessKeyId: flags['access-key-id'],
      readOnly: flags['read-only'],
      startTime,
      endTime,
    })
    // Without a flag nothing of a record needs to be understood.
    const isFiltered = Object.values(flags).some((value) => value !== undefined)
    let damagedPlaces = 0
    const records = readAuditLog(folder.audit, ({ message }) => {
      damagedPlaces++
      tellWarning(terminal, `the audit log is damaged: ${message}`)
    })
    const kept = newest === undefined ? undefined : new Newest(newest)
    for await (const { line } of records) {
      const time = isFiltered ? timeOf(line) : 0
      if (time === undefined) continue
      if (kept === undefined) await terminal.print(line)
      else kept.add(time, line)
      if (terminal.isUnread) break
    }
    for (const line of kept?.lines() ?? []) await terminal.print(line)
    if (damagedPlaces === 0) return EXIT_OK
    tellError(terminal, {
      message: 'the audit log is damaged, so records may be missing from what was printed',
      hint: "'keyhold audit verify' tells what is wrong",
    })
    return EXIT_FAILED
  },
})

/** The newest of many lines in little memory. */
class Newest {
  readonly #count: number
  #lines: { readonly time: number; readonly line: string }[] = []

  constructor(count: number) {
    this.#count = count
  }

  add(time: number, line: string): void {
    this.#lines.push({ time, line })
    if (this.#lines.length >= 2 * this.#count) this.#sort()
  }

  /** Oldest first; those of one second as they were written. */
  lines(): readonly string[] {
    this.#sort()
    return this.#lines.map(({ line }) => line)
  }

  #sort(): void {
    this.#lines = this.#lines.sort((left, right) => left.time - right.time).slice(-this.#count)
  }
}
