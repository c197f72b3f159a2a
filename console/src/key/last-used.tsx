import { GetKeyLastUsageCommand } from '@aws-sdk/client-kms'
import { useLoaded } from '../aws/use-loaded.ts'
import { timeText } from '../keys/words.ts'
import { useSignedIn } from '../session/signed-in.ts'

/** When and how a key was last used in a cryptographic operation. */
export function LastUsed({ keyId }: { readonly keyId: string }) {
  const { kms } = useSignedIn()
  const usage = useLoaded(() => kms.send(new GetKeyLastUsageCommand({ KeyId: keyId })), [kms, keyId])
  if (usage.value === undefined) return usage.isLoading ? 'Loading' : `Unknown (${usage.failure?.code})`
  const { KeyLastUsage: last, TrackingStartDate } = usage.value
  return last?.Timestamp === undefined
    ? `Not since ${timeText(TrackingStartDate)}`
    : `${timeText(last.Timestamp)} (${last.Operation})`
}
