/** Checkpoints of a data folder's audit log, brought to where the operator wants them as well. */
import { type FileHandle, open } from 'node:fs/promises'
import { type Checkpoints, openCheckpoints, type SendCheckpoint } from '../audit/checkpoints/checkpoints.ts'
import { systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { openAuditKeys } from './audit-key.ts'
import type { DataFolder } from './data-folder.ts'

export interface CheckpointCopies {
  /** Path of a file that each is appended to. */
  readonly checkpointFile?: string | undefined
  /** Address that each is posted to. */
  readonly checkpointUrl?: string | undefined
}

/** By the process that holds the folder. @throws {OperatorError} if the audit key cannot be used. */
export async function openFolderCheckpoints(
  folder: DataFolder,
  { checkpointFile, checkpointUrl }: CheckpointCopies,
  log: Log,
): Promise<Checkpoints> {
  const keys = openAuditKeys(folder, systemClock, log)
  const send = [
    ...(checkpointFile === undefined ? [] : [appendTo(checkpointFile)]),
    ...(checkpointUrl === undefined ? [] : [postTo(checkpointUrl)]),
  ]
  return openCheckpoints({ folder: folder.audit, keys, clock: systemClock, log, send })
}

/** Opened anew each time: what rotates or mounts it needs to tell nobody. */
function appendTo(path: string): SendCheckpoint {
  return async (line) => {
    const file = await open(path, 'a+', 0o600)
    try {
      await file.writeFile(`${(await isCut(file)) ? '\n' : ''}${line}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
  }
}

/** A line that a crash or a full disk cut must not spoil the one behind it. */
async function isCut(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return false
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== LINE_END
}

const LINE_END = 0x0a

function postTo(url: string): SendCheckpoint {
  return async (line) => {
    const { postJson } = await import('../outgoing/post-json.ts')
    await postJson(url, JSON.parse(line))
  }
}
