/** `keyhold audit verify`: is the audit log whole? Needs no server. */
import { open } from 'node:fs/promises'
import {
  type CheckpointSummary,
  type ReadAnchors,
  type RemovalSummary,
  readAnchors,
} from '../audit/checkpoints/verify-checkpoints.ts'
import { type AuditFinding, type AuditReport, type VerifiedStream, verifyAuditLog } from '../audit/verify.ts'
import { DAY_MS, instantText } from '../base/clock.ts'
import { fileFault } from '../base/file-fault.ts'
import { inOneLine } from '../base/terminal-text.ts'
import { flag } from '../config/command-flags.ts'
import { path } from '../config/kinds.ts'
import { OperatorError, UsageError } from '../config/operator-error.ts'
import { defaultDataFolder } from '../config/settings.ts'
import { dataFolder, requireAuditFolder } from '../start/data-folder.ts'
import { defineCommand } from './command.ts'
import { EXIT_FAILED, EXIT_OK } from './terminal.ts'

export const auditVerify = defineCommand({
  settings: ['data', 'config'],
  fallbacks: { data: '~/.local/share/keyhold' },
  flags: { anchor: flag(path('FILE'), 'Checkpoints that were kept elsewhere: the log must have them all.') },
  description: `
Checks the audit log of a data folder: every frame's hash, the chain between frames, the sequence of
records, the links between the runs of the server, and the signed checkpoints that it makes every minute.
Needs no key, and the server may be running. That nothing was cut from the very end, and that nobody who
has the audit key wrote all of it anew, only checkpoints that were kept elsewhere can show: --anchor names
a file with one or more of them, such as that of --checkpoint-file of 'keyhold start'.

What was removed because of --audit-retention-days or --audit-retention-gib of 'keyhold start' was announced
by a signed checkpoint: the report says how much and of which times. Compare that with your settings.

A copy of the folder audit in a folder of its own can be checked as well.

Exit code 0: intact. 1: something is wrong, and the report says where; or there is no audit log.`,
  async run({ settings, flags, terminal }) {
    const folder = dataFolder(settings.data ?? defaultDataFolder(terminal.env))
    requireAuditFolder(folder)
    const { anchors, others } = flags.anchor === undefined ? NO_ANCHORS : await anchorsIn(flags.anchor)
    const report = await verifyAuditLog(folder.audit, { anchors })
    const warnings = [...others.map((line) => noAnchor(flags.anchor!, line)), ...report.warnings]
    // Whoever made the data folder left a stream in its log, and whoever removed all of it must not be told that all is well.
    if (report.streams.length === 0 && report.removed === undefined)
      throw new OperatorError(`there is no audit log in ${folder.audit}`)
    terminal.print(describe(folder.audit, { ...report, warnings }))
    return report.problems.length === 0 ? EXIT_OK : EXIT_FAILED
  },
})

const NO_ANCHORS: ReadAnchors = { anchors: [], others: [] }

/** @throws {UsageError} */
async function anchorsIn(path: string): Promise<ReadAnchors> {
  const found = await readLines(path).catch((cause) => {
    throw new UsageError(`--anchor: cannot read ${path}: ${fileFault(cause).reason}`, { cause })
  })
  if (found.anchors.length === 0) throw new UsageError(`--anchor: there is no signed checkpoint in ${path}`)
  return found
}

async function readLines(path: string): Promise<ReadAnchors> {
  const file = await open(path)
  try {
    return await readAnchors(file.readLines())
  } finally {
    await file.close()
  }
}

function noAnchor(path: string, line: number): AuditFinding {
  const text = `line ${line} is not a signed checkpoint, and was left out: cut when it was written, or altered`
  return { path, offset: undefined, text }
}

function describe(folder: string, report: AuditReport): string {
  const { streams, records, checkpoints, removed, problems, warnings } = report
  const nodeWidth = Math.max(0, ...streams.map(({ node }) => node?.length ?? 0))
  const lines = [
    `${folder}: ${count(records, 'record')} in ${count(streams.length, 'stream')}`,
    ...streams.map((stream) => describeStream(stream, nodeWidth)),
    ...describeCheckpoints(checkpoints),
    ...describeRemoved(removed),
    ...section('warnings', warnings),
    ...section('PROBLEMS', problems),
    '',
    problems.length === 0 ? 'The audit log is intact.' : 'The audit log is NOT intact.',
  ]
  return lines.join('\n')
}

function describeStream({ stream, node, from, to, records, state }: VerifiedStream, nodeWidth: number): string {
  const name = inOneLine(node ?? '?').padEnd(nodeWidth)
  return `  ${stream}  ${name}  ${timeText(from)} to ${timeText(to)}  ${count(records, 'record')}, ${state}`
}

function describeCheckpoints(summary: CheckpointSummary | undefined): string[] {
  if (summary === undefined) return ['  no checkpoints: a version that made none wrote this log']
  const { count: number, from, to, fingerprint, anchoredUntil } = summary
  const made = `  ${count(number, 'checkpoint')}, ${timeText(from)} to ${timeText(to)}, signed with the key ${fingerprint}`
  return anchoredUntil === undefined ? [made] : [made, `  as kept elsewhere up to ${timeText(anchoredUntil)}`]
}

function describeRemoved(summary: RemovalSummary | undefined): string[] {
  if (summary === undefined) return []
  const { records, segments, until, announcedAt, ageMsMin } = summary
  const what = `${count(records, 'record')} in ${count(segments, 'segment')}, the newest of ${timeText(until)}`
  return [
    `  removed on purpose: ${what}; last announced at ${timeText(announcedAt)}`,
    `  none of them was younger than ${count(Math.floor(ageMsMin / DAY_MS), 'day')} when its removal was announced`,
  ]
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
    ({ path, offset, text }) => `  ${path}${offset === undefined ? '' : `, byte ${offset}`}: ${inOneLine(text)}`,
  )
  return ['', `${title}:`, ...lines]
}
