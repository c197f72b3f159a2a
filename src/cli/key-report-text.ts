/** A key report for a person: what may break when the key goes comes first. */
import { DAY_MS, instantText } from '../base/clock.ts'
import { isReplica } from '../domain/keys/multi-region.ts'
import type { StatementSummary } from '../domain/policy/policy-summary.ts'
import type { ReportWithCaller } from './last-caller.ts'

const COLUMN = 12

interface Section {
  readonly title: string
  lines(report: ReportWithCaller, now: number): readonly string[]
}

/** In the order of the report; a section without lines is left out. */
const SECTIONS: readonly Section[] = [
  { title: 'Key', lines: keyLines },
  { title: 'State', lines: stateLines },
  { title: 'Serves', lines: ({ externalKeys }) => externalKeys.map((name) => `external key ${name}`) },
  { title: 'Last used', lines: lastUseLines },
  { title: 'Refused', lines: refusedLines },
  { title: 'Aliases', lines: ({ aliases }) => (aliases.length === 0 ? ['none'] : aliases) },
  { title: 'Policy', lines: ({ policy }) => policy.map(statementLine) },
  { title: 'Grants', lines: grantLines },
  { title: 'Tags', lines: ({ key }) => key.tags.map((tag) => `${tag.key} = ${tag.value}`) },
  { title: 'Rotation', lines: rotationLines },
  { title: 'Advice', lines: adviceLines },
]

export function keyReportText(report: ReportWithCaller, now: number): string {
  return SECTIONS.flatMap(({ title, lines }) => entry(title, lines(report, now))).join('\n')
}

/** The title beside the first line, the others hung below it. */
function entry(title: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? title : '').padEnd(COLUMN) + printable(line))
}

/** Whoever may describe or tag a key chooses texts of the report: they must not be able to steer the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

function keyLines({ key }: ReportWithCaller): string[] {
  const kind = `${key.spec}, ${key.usage}, origin ${key.origin}${multiRegionWords(key)}`
  const lines = [key.arn, kind, `created ${instantText(key.createdAt)}, managed by ${key.manager}`]
  return key.description === '' ? lines : [...lines, `"${key.description}"`]
}

function multiRegionWords({ multiRegionSet: set, region }: ReportWithCaller['key']): string {
  if (set === undefined) return ''
  if (set.primaryRegion !== region) return `, multi-Region, replica of the primary in ${set.primaryRegion}`
  return `, multi-Region, ${set.replicaRegions.length === 0 ? 'no replicas' : `replicas in ${set.replicaRegions.join(', ')}`}`
}

function stateLines({ key: { deletion }, state }: ReportWithCaller, now: number): string[] {
  if (deletion === undefined) return [state]
  if (deletion.date === undefined) return [`${state}: its period begins once its last replica is gone`]
  return [`${state}: will be erased ${instantText(deletion.date)}, ${within(deletion.date - now)}`]
}

function lastUseLines({ lastUse, lastCaller, trackedSince, daysWithoutUse }: ReportWithCaller): string[] {
  if (lastUse === undefined)
    return [`not since ${instantText(trackedSince)} (${days(daysWithoutUse)}), when tracking began`]
  const { time, operation, eventId, requestId } = lastUse
  return [
    `${instantText(time)}, ${daysWithoutUse === 0 ? 'less than a day' : days(daysWithoutUse)} ago: ${operation}`,
    ...callerLines(lastCaller),
    `event ${eventId}, request ${requestId}`,
  ]
}

/** DEL-30. */
function refusedLines({ alarm }: ReportWithCaller): string[] {
  if (alarm === undefined) return []
  const { count, firstAt, last } = alarm
  return [
    `${count} call${count === 1 ? '' : 's'} since its deletion was scheduled, the first ${instantText(firstAt)}`,
    `the last ${instantText(last.time)}: ${last.operation}, by ${last.principal}, from ${last.sourceIp}`,
    `event ${last.eventId}, request ${last.requestId}`,
  ]
}

function callerLines(caller: ReportWithCaller['lastCaller']): string[] {
  if (caller === undefined) return ['by whom is not known: the audit log no longer has the record']
  const { principal, accessKeyId, sourceIp, userAgent } = caller
  const by = accessKeyId === undefined ? `by ${principal}` : `by ${principal}, access key ${accessKeyId}`
  return [by, `from ${sourceIp}, ${userAgent === '' ? 'an unnamed client' : userAgent}`]
}

function statementLine(statement: StatementSummary): string {
  const { effect, principals, exceptPrincipals, actions, exceptActions, hasConditions, isOpen } = statement
  const who = `${exceptPrincipals ? 'everybody but ' : ''}${principals.join(', ')}`
  const what = `${exceptActions ? 'everything but ' : ''}${actions.join(', ')}`
  return `${effect} ${who}: ${what}${hasConditions ? ' (under conditions)' : ''}${isOpen ? ' (OPEN TO EVERYBODY)' : ''}`
}

function grantLines({ grants: { count, shown } }: ReportWithCaller): string[] {
  if (count === 0) return ['none']
  const lines = shown.map(({ grantee, operations, createdAt, grantId }) => {
    return `${grantee}: ${operations.join(', ')} (since ${instantText(createdAt)}, ${grantId})`
  })
  return count > shown.length ? [...lines, `and ${count - shown.length} more`] : lines
}

function rotationLines(report: ReportWithCaller): string[] {
  const { importedMaterial } = report.key
  const { rotation, onDemandRotations } = report.rotation
  const { count, lastRotation } = report.materials
  const lines = [
    rotation === undefined
      ? 'not automatic'
      : `every ${days(rotation.periodInDays)}, next ${instantText(rotation.nextRotationAt)}`,
    `${count} key material${count === 1 ? '' : 's'}`,
  ]
  if (lastRotation !== undefined) lines.push(`last ${instantText(lastRotation.date)} (${lastRotation.type})`)
  if (onDemandRotations > 0) lines.push(`${onDemandRotations} of them on demand`)
  if (importedMaterial?.validTo !== undefined)
    lines.push(`imported material expires ${instantText(importedMaterial.validTo)}`)
  return lines
}

/** S-6. */
const OPEN_ADVICE =
  'Its policy allows everybody, of every account: name principals, or ask for aws:PrincipalArn in a condition.'

function adviceLines(report: ReportWithCaller): string[] {
  const isOpen = report.policy.some((statement) => statement.isOpen)
  return isOpen ? [OPEN_ADVICE, ...deletionAdvice(report)] : deletionAdvice(report)
}

/** DEL-31, DEL-32. */
function deletionAdvice({ key, state, alarm, externalKeys }: ReportWithCaller): string[] {
  if (key.manager === 'AWS') return ['Its service manages it: it cannot be deleted.']
  const lost = isReplica(key)
    ? 'what it encrypted is then decrypted by the other keys of its set alone'
    : 'what it encrypted is lost with it'
  if (alarm !== undefined) return [`Somebody still needs it: cancel its deletion; ${lost}.`]
  if (state === 'PendingDeletion') return [`Cancel the deletion if anybody needs it: ${lost}.`]
  if (state === 'Disabled') return ['Look for DisabledException in the audit log before you delete it.']
  const first = `Disable it first: that can be undone. When it is deleted, ${lost}`
  return [externalKeys.length === 0 ? `${first}.` : `${first}, and so is what the other KMS encrypted with it.`]
}

function days(count: number): string {
  return `${count} day${count === 1 ? '' : 's'}`
}

function within(ms: number): string {
  return ms < DAY_MS ? 'in less than a day' : `in ${days(Math.floor(ms / DAY_MS))}`
}
