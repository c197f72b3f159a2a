import { CancelKeyDeletionCommand } from '@aws-sdk/client-kms'
import Box from '@cloudscape-design/components/box'
import { useSignedIn } from '../session/signed-in.ts'
import { ActionDialog } from '../shell/action-dialog.tsx'
import { useNotices } from '../shell/notices.tsx'
import { type KeyDialogProps, keysText } from './named-key.ts'

export function CancelDeletionDialog({ keys, onDone, onClose }: KeyDialogProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()

  async function cancel(): Promise<void> {
    for (const { metadata, name } of keys) {
      await kms.send(new CancelKeyDeletionCommand({ KeyId: metadata.KeyId }))
      notices.succeeded(`The deletion of key ${name} is cancelled.`, {
        content: 'The key is disabled. Enable it to use it again.',
      })
    }
    onDone()
  }

  return (
    <ActionDialog
      title="Cancel key deletion"
      action={`cancel the deletion of ${keysText(keys)}`}
      confirm="Cancel key deletion"
      onConfirm={cancel}
      onClose={onClose}
    >
      <Box variant="p">
        {`The deletion of ${keysText(keys)} is cancelled, and the key becomes disabled. Enable it afterwards to use it.`}
      </Box>
    </ActionDialog>
  )
}
