/**
 * The key that signs checkpoints: a file of the data folder that has nothing to do with the root key. It is made at the first start and
 * replaced every year. The order matters, so that a crash at any instant leaves a key that the checkpoints vouch for:
 *
 * 1. The new key is on disk beside the old one.
 * 2. A checkpoint of the old one announces it.
 * 3. It takes the old one's place.
 */
import { existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import type { CheckpointKeys, NewestCheckpoint } from '../audit/checkpoints/checkpoints.ts'
import type { Clock } from '../base/clock.ts'
import { AUDIT_KEY_AGE_MS_MAX } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { OperatorError } from '../config/operator-error.ts'
import { type AuditKey, auditKeyOf, newAuditKeyPem } from '../crypto/audit-key.ts'
import type { DataFolder } from './data-folder.ts'
import { writeDurably } from './write-durably.ts'

/** @throws {OperatorError} if the file is none. */
export function openAuditKeys({ auditKey: path }: DataFolder, clock: Clock, log: Log) {
  const nextPath = `${path}.next`

  function read(path: string): AuditKey {
    try {
      return auditKeyOf(readFileSync(path, 'utf8'))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      throw new OperatorError(`${path} is not the audit key: ${code ?? message}`, {
        hint: 'restore it from a backup; if it is lost, remove it: a new one is made, and the verifier will tell of it',
      })
    }
  }

  function make(path: string): AuditKey {
    writeDurably(path, newAuditKeyPem())
    return read(path)
  }

  function first(newest: NewestCheckpoint | undefined): AuditKey {
    if (newest !== undefined)
      log.error({ path }, 'The audit key is gone. A new one is made, which no checkpoint vouches for.')
    return make(path)
  }

  return async (newest: NewestCheckpoint | undefined): Promise<CheckpointKeys> => {
    if (existsSync(nextPath)) {
      // The announcement was the last that happened, or it never did.
      const next = read(nextPath)
      if (newest?.nextKey === next.publicKey) renameSync(nextPath, path)
      else rmSync(nextPath)
    }
    const current = existsSync(path) ? read(path) : first(newest)
    const isOld = clock.now() - statSync(path).mtimeMs > AUDIT_KEY_AGE_MS_MAX
    return {
      current,
      next: isOld ? make(nextPath) : undefined,
      async promote() {
        renameSync(nextPath, path)
      },
    }
  }
}
