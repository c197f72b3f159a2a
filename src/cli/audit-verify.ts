/** `keyhold audit verify`: is the audit log whole? Needs no server. */
import { type AuditFinding, type AuditReport, type VerifiedStream, verifyAuditLog } from '../audit/verify.ts'
import { instantText } from '../base/clock.ts'
import { OperatorError } from '../config/operator-error.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { dataFolder, requireAuditFolder } from '../start/data-folder.ts'
import { defineCommand } from './command.ts'
import { EXIT_FAILED, EXIT_OK } from './terminal.ts'

export const auditVerify = defineCommand({
  settings: ['data', 'config'],
  fallbacks: { data: '~/.local/share/keyhold' },
  description: `
Checks the audit log of a data folder: every frame's hash, the chain between frames, the sequence of
records, and the links between the runs of the server. Needs no key, and the server may be running.
What somebody cut from the very end only a copy kept elsewhere can show.

A copy of the folder audit in a folder of its own can be checked as well.

Exit code 0: intact. 1: something is wrong, and the report says where; or there is no audit log.`,
  async run({ settings, terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    requireAuditFolder(folder)
    const report = await verifyAuditLog(folder.audit)
    // Whoever made the data folder left a stream in its log, and whoever removed all of it must not be told that all is well.
    if (report.streams.length === 0) throw new OperatorError(`there is no audit log in ${folder.audit}`)
    terminal.print(describe(folder.audit, report))
    return report.problems.length === 0 ? EXIT_OK : EXIT_FAILED
  },
})

function describe(folder: string, { streams, records, problems, warnings }: AuditReport): string {
  const nodeWidth = Math.max(...streams.map(({ node }) => node?.length ?? 0))
  const lines = [
    `${folder}: ${count(records, 'record')} in ${count(streams.length, 'stream')}`,
    ...streams.map((stream) => describeStream(stream, nodeWidth)),
    ...section('warnings', warnings),
    ...section('PROBLEMS', problems),
    '',
    problems.length === 0 ? 'The audit log is intact.' : 'The audit log is NOT intact.',
  ]
  return lines.join('\n')
}

function describeStream({ stream, node, from, to, records, state }: VerifiedStream, nodeWidth: number): string {
  const name = (node ?? '?').padEnd(nodeWidth)
  return `  ${stream}  ${name}  ${timeText(from)} to ${timeText(to)}  ${count(records, 'record')}, ${state}`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function timeText(time: number | undefined): string {
  return time === undefined ? '?' : instantText(time)
}

function section(title: string, findings: readonly AuditFinding[]): string[] {
  if (findings.length === 0) return []
  const lines = findings.map(
    ({ path, offset, text }) => `  ${path}${offset === undefined ? '' : `, byte ${offset}`}: ${text}`,
  )
  return ['', `${title}:`, ...lines]
}
