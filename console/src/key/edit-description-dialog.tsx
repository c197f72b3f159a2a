import { UpdateKeyDescriptionCommand } from '@aws-sdk/client-kms'
import FormField from '@cloudscape-design/components/form-field'
import Textarea from '@cloudscape-design/components/textarea'
import { useState } from 'react'
import { useSignedIn } from '../session/signed-in.ts'
import { ActionDialog } from '../shell/action-dialog.tsx'
import { useNotices } from '../shell/notices.tsx'
import type { KeyDialogProps } from './named-key.ts'

export function EditDescriptionDialog({ keys, onDone, onClose }: KeyDialogProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const { metadata, name } = keys[0]!
  const [description, setDescription] = useState(metadata.Description ?? '')

  async function save(): Promise<void> {
    await kms.send(new UpdateKeyDescriptionCommand({ KeyId: metadata.KeyId, Description: description }))
    notices.succeeded(`The description of key ${name} is changed.`)
    onDone()
  }

  return (
    <ActionDialog
      title="Edit description"
      action={`change the description of key ${name}`}
      confirm="Save changes"
      onConfirm={save}
      onClose={onClose}
    >
      <FormField label="Description" constraintText="At most 8192 characters. It is in audit logs: put no secret here.">
        <Textarea value={description} onChange={({ detail }) => setDescription(detail.value)} />
      </FormField>
    </ActionDialog>
  )
}
