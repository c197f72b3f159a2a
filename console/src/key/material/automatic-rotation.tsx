import {
  DisableKeyRotationCommand,
  EnableKeyRotationCommand,
  type GetKeyRotationStatusResponse,
  type KeyMetadata,
} from '@aws-sdk/client-kms'
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import Toggle from '@cloudscape-design/components/toggle'
import { useState } from 'react'
import { timeText } from '../../keys/words.ts'
import { useSignedIn } from '../../session/signed-in.ts'
import { ActionDialog } from '../../shell/action-dialog.tsx'
import { useNotices } from '../../shell/notices.tsx'

interface Props {
  readonly metadata: KeyMetadata
  readonly status: GetKeyRotationStatusResponse
  readonly canEdit: boolean
  onDone(): void
}

const DAYS_MIN = 90
const DAYS_MAX = 2560
const DAYS_DEFAULT = 365

export function AutomaticRotation({ metadata, status, canEdit, onDone }: Props) {
  const [isEditing, setIsEditing] = useState(false)
  const isReplica = metadata.MultiRegionConfiguration?.MultiRegionKeyType === 'REPLICA'
  const primary = metadata.MultiRegionConfiguration?.PrimaryKey?.Region
  const { KeyRotationEnabled: isOn, RotationPeriodInDays: days } = status
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            canEdit && (
              <Button disabled={isReplica} onClick={() => setIsEditing(true)}>
                Edit
              </Button>
            )
          }
        >
          Automatic key rotation
        </Header>
      }
    >
      {isReplica && <Alert type="info">{`The primary key in ${primary} decides the rotation of the whole set.`}</Alert>}
      <KeyValuePairs
        columns={3}
        items={[
          {
            label: 'Status',
            value: (
              <StatusIndicator type={isOn ? 'success' : 'stopped'}>{isOn ? 'Enabled' : 'Disabled'}</StatusIndicator>
            ),
          },
          { label: 'Rotation period', value: days === undefined ? '-' : `${days} days` },
          { label: 'Next rotation date', value: timeText(status.NextRotationDate) },
        ]}
      />
      {isEditing && (
        <EditRotationDialog
          keyId={metadata.KeyId!}
          status={status}
          onDone={onDone}
          onClose={() => setIsEditing(false)}
        />
      )}
    </Container>
  )
}

interface EditProps {
  readonly keyId: string
  readonly status: GetKeyRotationStatusResponse
  onDone(): void
  onClose(): void
}

function EditRotationDialog({ keyId, status, onDone, onClose }: EditProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const [isOn, setIsOn] = useState(status.KeyRotationEnabled ?? false)
  const [days, setDays] = useState(String(status.RotationPeriodInDays ?? DAYS_DEFAULT))
  const count = Number(days)
  const isPeriod = !isOn || (Number.isInteger(count) && count >= DAYS_MIN && count <= DAYS_MAX)

  async function save(): Promise<void> {
    if (isOn) await kms.send(new EnableKeyRotationCommand({ KeyId: keyId, RotationPeriodInDays: count }))
    else await kms.send(new DisableKeyRotationCommand({ KeyId: keyId }))
    notices.succeeded(isOn ? `The key rotates every ${count} days.` : 'Automatic rotation is disabled.')
    onDone()
  }

  return (
    <ActionDialog
      title="Edit automatic key rotation"
      action="change the rotation of the key"
      confirm="Save changes"
      isReady={isPeriod}
      onConfirm={save}
      onClose={onClose}
    >
      <Toggle checked={isOn} onChange={({ detail }) => setIsOn(detail.checked)}>
        Automatically rotate this KMS key
      </Toggle>
      {isOn && (
        <FormField
          label="Rotation period (in days)"
          constraintText={`${DAYS_MIN} to ${DAYS_MAX} days. Whatever older material encrypted can still be decrypted.`}
          errorText={isPeriod ? undefined : `Enter a whole number from ${DAYS_MIN} to ${DAYS_MAX}.`}
        >
          <Input type="number" inputMode="numeric" value={days} onChange={({ detail }) => setDays(detail.value)} />
        </FormField>
      )}
    </ActionDialog>
  )
}
