/** One round of keeping a log: what `thread.ts` does for `keeper.ts`, one step after the other. */
import type { RemovedSegments } from '../checkpoints/checkpoint.ts'
import { type DeliveryRules, deliver, deliveredBy } from '../delivery/deliver.ts'
import { compressSegments } from './compress-segments.ts'
import { deleteRemoved } from './delete-removed.ts'
import { planRemoval, type RetentionRules } from './plan-removal.ts'
import type { SegmentFault } from './segment-fault.ts'

export interface KeepingRules {
  readonly retention: RetentionRules
  /** Whether segments are compressed once nobody writes to them. */
  readonly compresses: boolean
  /** Where records are delivered to; `undefined`: nowhere. */
  readonly delivery: DeliveryRules | undefined
}

export interface KeepingTask {
  readonly folder: string
  readonly rules: KeepingRules
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Streams that were there when nobody else had the folder: nobody writes to them any more. */
  readonly ended: readonly string[]
}

export interface KeepingRound {
  /** To be announced by a checkpoint, and then deleted. */
  readonly removed: readonly RemovedSegments[]
  readonly faults: readonly SegmentFault[]
  /** Why not everything could be delivered. */
  readonly deliveryProblem?: string | undefined
}

/** All that can be done without a word of the checkpoints. @throws the file system's error */
export async function keep(task: KeepingTask): Promise<KeepingRound> {
  const deliveryProblem = await deliverNow(task)
  return { ...(await tidy(task)), deliveryProblem }
}

/** @returns why it could not be done. */
export async function deliverNow({ folder, rules }: KeepingTask): Promise<string | undefined> {
  if (rules.delivery === undefined) return undefined
  try {
    await deliver(folder, rules.delivery, Date.now)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

async function tidy({ folder, rules, now, ended }: KeepingTask): Promise<KeepingRound> {
  const over = new Set(ended)
  const isDelivered = rules.delivery === undefined ? () => true : deliveredBy(rules.delivery.statePath)
  const plan = (of: RetentionRules) => planRemoval({ folder, rules: of, now, ended: over, isDelivered })
  if (!rules.compresses) return plan(rules.retention)
  const tooOld = await plan({ ...rules.retention, bytesMax: undefined })
  const planned = new Map(tooOld.removed.map(({ stream, segments }) => [stream, segments]))
  const faults = await compressSegments({
    folder,
    ended: over,
    passesOver: ({ stream, number }) => number < (planned.get(stream) ?? 0),
  })
  // What is too much shows only now: nothing goes for room that is no longer taken.
  const all = await plan(rules.retention)
  return { removed: all.removed, faults: [...all.faults, ...faults] }
}

/** After it was announced; and at the start, for what a crash has left. @returns how many files were deleted. */
export function finish({ folder }: Pick<KeepingTask, 'folder'>): Promise<number> {
  return deleteRemoved(folder)
}
