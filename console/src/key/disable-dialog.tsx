import { DisableKeyCommand } from '@aws-sdk/client-kms'
import Alert from '@cloudscape-design/components/alert'
import { useSignedIn } from '../session/signed-in.ts'
import { ActionDialog } from '../shell/action-dialog.tsx'
import { useNotices } from '../shell/notices.tsx'
import { KeysWithLastUse } from './keys-with-last-use.tsx'
import { type KeyDialogProps, keysText } from './named-key.ts'

export function DisableDialog({ keys, onDone, onClose }: KeyDialogProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()

  async function disable(): Promise<void> {
    for (const { metadata, name } of keys) {
      await kms.send(new DisableKeyCommand({ KeyId: metadata.KeyId }))
      notices.succeeded(`Key ${name} is disabled.`)
    }
    onDone()
  }

  return (
    <ActionDialog
      title={`Disable ${keysText(keys)}`}
      action={`disable ${keysText(keys)}`}
      confirm="Disable key"
      onConfirm={disable}
      onClose={onClose}
    >
      <Alert type="warning">
        A disabled key cannot be used in any cryptographic operation until you enable it again: what is encrypted under
        it cannot be decrypted.
      </Alert>
      <KeysWithLastUse keys={keys} />
    </ActionDialog>
  )
}
