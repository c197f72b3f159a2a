/** What operators measure of the store as a whole (lifecycle.md 10.3); nothing else asks for it. */
import type { KeyName, StateFacts } from './keys/key.ts'

/** Keys that have the same state, and why. */
export interface CountedKeys extends StateFacts {
  readonly count: number
}

export interface KeysCounted {
  readonly groups: readonly CountedKeys[]
  /** The last key that was counted: pass it to the next call. `undefined`: all are. */
  readonly after: KeyName | undefined
}

export interface MaterialExpiry extends KeyName {
  /** Milliseconds since the epoch. */
  readonly validTo: number
}

export interface Waiting {
  readonly count: number
  /** Milliseconds since the epoch; `undefined`: none waits. */
  readonly oldestAt: number | undefined
}

export interface StoreFigures {
  /**
   * Counts keys in the order of their names, AWS managed ones too, by what they have in common; at most `limit` of them, so that a store of
   * millions is counted piece by piece. `date` and `validTo` of a group are those of none of its keys: they are on the right side of `now`.
   */
  countKeysByState(after: KeyName | undefined, limit: number, now: number): Promise<KeysCounted>
  /** Of materials that have their bytes, pending ones too; the earliest of each key, the soonest first. At most `limit` materials are read. */
  soonestExpiries(limit: number): Promise<readonly MaterialExpiry[]>
  /** Keys whose deletion date is set, the soonest first. At most `limit`. */
  soonestDeletions(limit: number): Promise<readonly KeyName[]>
  /** Milliseconds since the epoch: the earliest automatic rotation of the keys that `keysToRotate` is about. */
  nextRotationAt(): Promise<number | undefined>
  eventsWaiting(): Promise<Waiting>
  countPendingAuditRecords(): Promise<number>
}
