/** What is done to whole keys, from the list and from a key's page. */
import { EnableKeyCommand, type KeyState } from '@aws-sdk/client-kms'
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import { useState } from 'react'
import { useSignedIn } from '../session/signed-in.ts'
import { useNotices } from '../shell/notices.tsx'
import { CancelDeletionDialog } from './cancel-deletion-dialog.tsx'
import { DisableDialog } from './disable-dialog.tsx'
import { EditDescriptionDialog } from './edit-description-dialog.tsx'
import type { NamedKey } from './named-key.ts'
import { ScheduleDeletionDialog } from './schedule-deletion-dialog.tsx'

interface Props {
  /** None: nothing can be done yet. */
  readonly keys: readonly NamedKey[]
  onDone(): void
}

type DialogName = 'disable' | 'schedule-deletion' | 'cancel-deletion' | 'edit-description'

const DELETABLE: ReadonlySet<KeyState> = new Set<KeyState>(['Enabled', 'Disabled', 'PendingImport', 'Unavailable'])

export function KeyActions({ keys, onDone }: Props) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const [dialog, setDialog] = useState<DialogName>()
  const are = (...states: KeyState[]) =>
    keys.length > 0 && keys.every(({ metadata }) => states.includes(metadata.KeyState!))

  async function enable(): Promise<void> {
    for (const { metadata, name } of keys) {
      try {
        await kms.send(new EnableKeyCommand({ KeyId: metadata.KeyId }))
        notices.succeeded(`Key ${name} is enabled.`)
      } catch (error) {
        notices.failed(`enable key ${name}`, error)
      }
    }
    onDone()
  }

  const dialogProps = { keys, onDone, onClose: () => setDialog(undefined) }
  return (
    <>
      <ButtonDropdown
        disabled={keys.length === 0}
        items={[
          { id: 'enable', text: 'Enable', disabled: !are('Disabled') },
          { id: 'disable', text: 'Disable', disabled: !are('Enabled') },
          { id: 'edit-description', text: 'Edit description', disabled: keys.length !== 1 },
          { id: 'schedule-deletion', text: 'Schedule key deletion', disabled: !are(...DELETABLE) },
          {
            id: 'cancel-deletion',
            text: 'Cancel key deletion',
            disabled: !are('PendingDeletion', 'PendingReplicaDeletion'),
          },
        ]}
        onItemClick={({ detail }) => (detail.id === 'enable' ? void enable() : setDialog(detail.id as DialogName))}
      >
        Key actions
      </ButtonDropdown>
      {dialog === 'disable' && <DisableDialog {...dialogProps} />}
      {dialog === 'schedule-deletion' && <ScheduleDeletionDialog {...dialogProps} />}
      {dialog === 'cancel-deletion' && <CancelDeletionDialog {...dialogProps} />}
      {dialog === 'edit-description' && <EditDescriptionDialog {...dialogProps} />}
    </>
  )
}
