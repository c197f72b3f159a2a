/** Delivers a data folder's audit log, and keeps it in the bounds that the operator's settings give it. */
import type { Checkpoints } from '../audit/checkpoints/checkpoints.ts'
import { type AuditKeeper, openAuditKeeper } from '../audit/keeping/keeper.ts'
import { listStreams } from '../audit/stream-names.ts'
import { DAY_MS, systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { DataFolder } from './data-folder.ts'

export interface KeepingSettings {
  /** `undefined`: whatever its age, it is kept. */
  readonly auditRetentionDays?: number | undefined
  /** `undefined`: however much it is, it is kept. */
  readonly auditRetentionGib?: number | undefined
  readonly auditCompression?: boolean | undefined
  /** Path of a folder that records are delivered to; `undefined`: to none. */
  readonly auditFiles?: string | undefined
}

const GIB = 1024 ** 3

/** While nobody else has the folder, so that whatever is there now is written to by nobody. @returns `undefined` where there is nothing to do. */
export async function openFolderKeeper(
  { audit: folder, auditDelivery: statePath }: DataFolder,
  settings: KeepingSettings,
  checkpoints: Checkpoints,
  log: Log,
): Promise<AuditKeeper | undefined> {
  const { auditRetentionDays: days, auditRetentionGib: gib, auditCompression: compresses = false } = settings
  const delivery = settings.auditFiles === undefined ? undefined : { target: settings.auditFiles, statePath }
  if (days === undefined && gib === undefined && !compresses && delivery === undefined) return undefined
  const ended = (await listStreams(folder)).map(({ stream }) => stream)
  const retention = {
    ageMsMax: days === undefined ? undefined : days * DAY_MS,
    bytesMax: gib === undefined ? undefined : gib * GIB,
  }
  return openAuditKeeper({
    folder,
    rules: { retention, compresses, delivery },
    ended,
    checkpoints,
    clock: systemClock,
    log,
  })
}
