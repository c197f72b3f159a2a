/** Begins the waiting period at whose end a key is erased (operations.md 3.45, lifecycle.md 5.1). */
import { javaDate } from '../audit/audit-record.ts'
import { DAY_MS } from '../base/clock.ts'
import { validationError } from '../base/errors.ts'
import { integer, optional, structure } from '../base/schema.ts'
import { type Key, type KeyState, keyState } from '../domain/keys/key.ts'
import { hasReplicas, isPrimary } from '../domain/keys/multi-region.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { noteDoomedBackingKey } from './shapes/backing-keys.ts'
import { DELETABLE } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'

const DAYS_MIN = 7
const DAYS_MAX = 30
const DAYS_BY_DEFAULT = 30

interface Output {
  readonly KeyId: string
  /** Seconds since the epoch. Of a primary that waits for its replicas there is none. */
  readonly DeletionDate?: number
  readonly KeyState: KeyState
  readonly PendingWindowInDays: number
}

export const ScheduleKeyDeletion = defineChange({
  name: 'ScheduleKeyDeletion',
  input: structure({ KeyId: keyId, PendingWindowInDays: optional(integer(1, 365)) }),
  check({ PendingWindowInDays: days = DAYS_BY_DEFAULT }) {
    if (days >= DAYS_MIN && days <= DAYS_MAX) return
    throw validationError('PendingWindowInDays must be between 7 and 30')
  },
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:ScheduleKeyDeletion',
      keyStates: DELETABLE,
      showsTrailingDays: true,
      conditionKeys: ({ PendingWindowInDays = DAYS_BY_DEFAULT }) => ({
        'kms:ScheduleKeyDeletionPendingWindowInDays': String(PendingWindowInDays),
      }),
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId, PendingWindowInDays }) => ({ keyId: KeyId, pendingWindowInDays: PendingWindowInDays }),
    response: ({ KeyId, KeyState, DeletionDate, PendingWindowInDays }: Output) => ({
      keyId: KeyId,
      keyState: KeyState,
      ...(DeletionDate === undefined
        ? { pendingWindowInDays: PendingWindowInDays }
        : { deletionDate: javaDate(DeletionDate * 1000) }),
    }),
  },
  async handler({ PendingWindowInDays: windowInDays = DAYS_BY_DEFAULT }, context) {
    const { call, change, additionalEventData } = context
    const [{ key }] = context.resources
    noteDoomedBackingKey(additionalEventData, key)
    // TR-11: a primary waits for its replicas, and only then does its window begin.
    const date = isPrimary(key) && hasReplicas(key) ? undefined : call.time + windowInDays * DAY_MS
    const scheduled: Key = { ...key, deletion: { windowInDays, date } }
    await change.updateKey(scheduled)
    return {
      KeyId: key.arn,
      ...(date !== undefined && { DeletionDate: date / 1000 }),
      KeyState: keyState(scheduled, call.time),
      PendingWindowInDays: windowInDays,
    }
  },
})
