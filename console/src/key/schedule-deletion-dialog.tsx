import { ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms'
import Alert from '@cloudscape-design/components/alert'
import Checkbox from '@cloudscape-design/components/checkbox'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import { useState } from 'react'
import { dayText } from '../keys/words.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { ActionDialog } from '../shell/action-dialog.tsx'
import { useNotices } from '../shell/notices.tsx'
import { KeysWithLastUse } from './keys-with-last-use.tsx'
import { type KeyDialogProps, keysText } from './named-key.ts'

const DAYS_MIN = 7
const DAYS_MAX = 30

export function ScheduleDeletionDialog({ keys, onDone, onClose }: KeyDialogProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const [days, setDays] = useState(String(DAYS_MAX))
  const [isConfirmed, setIsConfirmed] = useState(false)
  const count = Number(days)
  const isPeriod = Number.isInteger(count) && count >= DAYS_MIN && count <= DAYS_MAX

  async function schedule(): Promise<void> {
    for (const { metadata, name } of keys) {
      const answer = await kms.send(
        new ScheduleKeyDeletionCommand({ KeyId: metadata.KeyId, PendingWindowInDays: count }),
      )
      const when = answer.DeletionDate ? `on ${dayText(answer.DeletionDate)}` : `${count} days after its last replica`
      notices.succeeded(`Key ${name} is scheduled for deletion.`, {
        content: `It will be deleted ${when}. Until then you can cancel the deletion.`,
      })
    }
    onDone()
  }

  return (
    <ActionDialog
      title={`Schedule deletion of ${keysText(keys)}`}
      action={`schedule the deletion of ${keysText(keys)}`}
      confirm="Schedule deletion"
      isReady={isPeriod && isConfirmed}
      onConfirm={schedule}
      onClose={onClose}
    >
      <Alert type="warning" header="Deleting a KMS key is destructive and cannot be undone">
        After the waiting period its key material and all metadata are gone, and whatever is still encrypted under it
        can never be decrypted again. If you are not sure, disable the key instead.
      </Alert>
      <KeysWithLastUse keys={keys} />
      <FormField
        label="Waiting period (in days)"
        constraintText={`${DAYS_MIN} to ${DAYS_MAX} days. The key cannot be used while it waits, and you can cancel until it ends.`}
        errorText={isPeriod ? undefined : `Enter a whole number from ${DAYS_MIN} to ${DAYS_MAX}.`}
      >
        <Input type="number" inputMode="numeric" value={days} onChange={({ detail }) => setDays(detail.value)} />
      </FormField>
      <Checkbox checked={isConfirmed} onChange={({ detail }) => setIsConfirmed(detail.checked)}>
        {`Confirm that you want to schedule ${keysText(keys)} for deletion after a waiting period of ${days} days.`}
      </Checkbox>
    </ActionDialog>
  )
}
