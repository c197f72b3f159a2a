/** When, how and by which request a key was last used (operations.md 3.26, lifecycle.md DEL-31). */
import { structure } from '../base/schema.ts'
import type { KeyUse } from '../domain/store.ts'
import { defineOperation, keyNamed } from '../pipeline/operation.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'

function usageMembers({ operation, time, eventId, requestId }: KeyUse) {
  return { Operation: operation, Timestamp: time / 1000, CloudTrailEventId: eventId, KmsRequestId: requestId }
}

export const GetKeyLastUsage = defineOperation({
  name: 'GetKeyLastUsage',
  input: structure({ KeyId: keyId }),
  uses: [
    { on: 'key', locate: ({ KeyId }) => keyNamed(KeyId), permission: 'kms:GetKeyLastUsage', keyStates: ANY_STATE },
  ],
  audit: { readOnly: true, parameters: ({ KeyId }) => ({ keyId: KeyId }) },
  async handler(_input, { resources: [{ key }], keyUsage, store }) {
    const use = await keyUsage.lastUse(key, store)
    const trackedSince = await store.lastUsageTrackedSince()
    return {
      KeyId: key.arn,
      KeyLastUsage: use === undefined ? {} : usageMembers(use),
      TrackingStartDate: Math.max(trackedSince, key.createdAt) / 1000,
      KeyCreationDate: key.createdAt / 1000,
    }
  },
})
