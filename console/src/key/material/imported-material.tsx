import { DeleteImportedKeyMaterialCommand, type KeyMetadata, type RotationsListEntry } from '@aws-sdk/client-kms'
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useState } from 'react'
import { timeText } from '../../keys/words.ts'
import { useSignedIn } from '../../session/signed-in.ts'
import { ActionDialog } from '../../shell/action-dialog.tsx'
import { useNotices } from '../../shell/notices.tsx'
import { ImportDialog } from './import-dialog.tsx'
import { materialOption } from './material-option.ts'

interface Props {
  readonly metadata: KeyMetadata
  /** Of symmetric keys; none for others, which never have more than one. */
  readonly materials: readonly RotationsListEntry[]
  onDone(): void
}

export function ImportedMaterial({ metadata, materials, onDone }: Props) {
  const [dialog, setDialog] = useState<'import' | 'delete'>()
  const { KeyState, ExpirationModel, ValidTo, KeyManager } = metadata
  const isPending = KeyState === 'PendingImport'
  const isGoing = KeyState === 'PendingDeletion' || KeyState === 'PendingReplicaDeletion'
  const hasMaterial = !isPending || materials.some(({ ImportState }) => ImportState === 'IMPORTED')
  const onClose = () => setDialog(undefined)
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="You made the key material; keep a copy of it where you can import it again from."
          actions={
            KeyManager === 'CUSTOMER' && (
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!hasMaterial || isGoing} onClick={() => setDialog('delete')}>
                  Delete key material
                </Button>
                <Button
                  variant={isPending ? 'primary' : 'normal'}
                  disabled={isGoing}
                  onClick={() => setDialog('import')}
                >
                  Import key material
                </Button>
              </SpaceBetween>
            )
          }
        >
          Imported key material
        </Header>
      }
    >
      <KeyValuePairs
        columns={2}
        items={[
          { label: 'Key material', value: isPending ? 'None: the key cannot be used' : 'Imported' },
          { label: 'Expires', value: ExpirationModel === 'KEY_MATERIAL_EXPIRES' ? timeText(ValidTo) : 'Never' },
        ]}
      />
      {dialog === 'import' && (
        <ImportDialog metadata={metadata} materials={materials} onDone={onDone} onClose={onClose} />
      )}
      {dialog === 'delete' && (
        <DeleteMaterialDialog keyId={metadata.KeyId!} materials={materials} onDone={onDone} onClose={onClose} />
      )}
    </Container>
  )
}

interface DeleteProps {
  readonly keyId: string
  readonly materials: readonly RotationsListEntry[]
  onDone(): void
  onClose(): void
}

function DeleteMaterialDialog({ keyId, materials, onDone, onClose }: DeleteProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const options = materials.filter(({ ImportState }) => ImportState === 'IMPORTED').map(materialOption)
  const [option, setOption] = useState(options.find(({ isCurrent }) => isCurrent) ?? options[0])

  async function remove(): Promise<void> {
    await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId: keyId, KeyMaterialId: option?.value }))
    notices.succeeded('The key material is deleted.', {
      content: 'The key works again when you import the same material.',
    })
    onDone()
  }

  return (
    <ActionDialog
      title="Delete key material"
      action="delete the key material"
      confirm="Delete key material"
      onConfirm={remove}
      onClose={onClose}
    >
      <Alert type="warning">
        The key cannot be used until you import the same key material again. What is encrypted under it cannot be
        decrypted if you no longer have a copy.
      </Alert>
      {options.length > 1 && (
        <FormField label="Key material">
          <Select
            selectedOption={option ?? null}
            options={options}
            onChange={({ detail }) => setOption(options.find(({ value }) => value === detail.selectedOption.value))}
          />
        </FormField>
      )}
    </ActionDialog>
  )
}
