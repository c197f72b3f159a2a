/** The audit log of the in-memory development mode and of tests: the newest lines, nothing durable. */
import { AUDIT_MEMORY_LINES_MAX } from '../base/limits.ts'
import type { AuditLog } from './audit-log.ts'

export interface MemoryAuditLog extends AuditLog {
  /** Oldest first; at most `linesMax`, those before are gone. */
  readonly lines: readonly string[]
  /** How many came before the first of them. */
  readonly forgotten: number
}

export function createMemoryAuditLog({ linesMax = AUDIT_MEMORY_LINES_MAX } = {}): MemoryAuditLog {
  const ring: string[] = []
  let next = 0
  let written = 0
  const done = Promise.resolve()
  return {
    admit() {},
    append(line) {
      ring[next] = line
      next = (next + 1) % linesMax
      written++
      return done
    },
    get lines() {
      return ring.length < linesMax ? [...ring] : [...ring.slice(next), ...ring.slice(0, next)]
    },
    figures: () => ({ queuedBytes: 0, isWritable: true, freeBytes: undefined }),
    get forgotten() {
      return Math.max(0, written - linesMax)
    },
    async close() {},
  }
}
