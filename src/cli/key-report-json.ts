/** A key report for programs. Members are always there, `null` where there is nothing; times are ISO 8601, UTC. */
import type { ReportWithCaller } from './last-caller.ts'

export function keyReportJson(report: ReportWithCaller): string {
  return JSON.stringify(
    {
      key: keyPart(report),
      state: report.state,
      deletion: deletionPart(report),
      lastUse: lastUsePart(report),
      usageTrackedSince: instant(report.trackedSince),
      daysWithoutUse: report.daysWithoutUse,
      externalKeys: report.externalKeys,
      refusedWhilePendingDeletion: refusedPart(report),
      aliases: report.aliases,
      tags: report.key.tags,
      rotation: rotationPart(report),
      policy: report.policy,
      grants: grantsPart(report),
    },
    undefined,
    2,
  )
}

function instant(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString()
}

function keyPart({ key }: ReportWithCaller) {
  const { arn, account, region, keyId, description, spec, usage, origin, manager, multiRegion, createdAt } = key
  const created = instant(createdAt)
  return { arn, account, region, keyId, description, spec, usage, origin, manager, multiRegion, created }
}

function deletionPart({ key: { deletion } }: ReportWithCaller) {
  return deletion === undefined ? null : { date: instant(deletion.date), windowInDays: deletion.windowInDays }
}

function lastUsePart({ lastUse, lastCaller }: ReportWithCaller) {
  if (lastUse === undefined) return null
  const { operation, time, eventId, requestId } = lastUse
  const { principal = null, accessKeyId = null, sourceIp = null, userAgent = null } = lastCaller ?? {}
  return { time: instant(time), operation, principal, accessKeyId, sourceIp, userAgent, eventId, requestId }
}

function refusedPart({ alarm }: ReportWithCaller) {
  if (alarm === undefined) return null
  const { count, firstAt, last } = alarm
  return { count, first: instant(firstAt), last: { ...last, time: instant(last.time) } }
}

function grantsPart({ grants: { count, shown } }: ReportWithCaller) {
  return { count, shown: shown.map(({ createdAt, ...grant }) => ({ ...grant, created: instant(createdAt) })) }
}

function rotationPart({
  key: { importedMaterial },
  rotation: shared,
  materials: { count, lastRotation },
}: ReportWithCaller) {
  const { rotation, onDemandRotations } = shared
  return {
    automatic:
      rotation === undefined ? null : { periodInDays: rotation.periodInDays, next: instant(rotation.nextRotationAt) },
    onDemandRotations,
    last: lastRotation === undefined ? null : { date: instant(lastRotation.date), type: lastRotation.type },
    keyMaterials: count,
    importedMaterialExpires: instant(importedMaterial?.validTo),
  }
}
