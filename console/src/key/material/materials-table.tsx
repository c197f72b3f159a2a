import {
  type GetKeyRotationStatusResponse,
  type KeyMetadata,
  RotateKeyOnDemandCommand,
  type RotationsListEntry,
} from '@aws-sdk/client-kms'
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useState } from 'react'
import type { Loaded } from '../../aws/use-loaded.ts'
import { timeText } from '../../keys/words.ts'
import { useSignedIn } from '../../session/signed-in.ts'
import { ActionDialog } from '../../shell/action-dialog.tsx'
import { FailureAlert } from '../../shell/failure-alert.tsx'
import { useNotices } from '../../shell/notices.tsx'

interface Props {
  readonly metadata: KeyMetadata
  readonly materials: Loaded<readonly RotationsListEntry[]>
  readonly status: GetKeyRotationStatusResponse | undefined
  onDone(): void
}

type Column = TableProps.ColumnDefinition<RotationsListEntry>

const STATES: Readonly<Record<string, string>> = {
  CURRENT: 'Current',
  NON_CURRENT: 'Non-current',
  PENDING_ROTATION: 'Pending rotation',
  PENDING_MULTI_REGION_IMPORT_AND_ROTATION: 'Pending import into all Regions',
}

const COLUMNS: readonly Column[] = [
  { id: 'id', header: 'Key material ID', cell: (entry) => shortId(entry), isRowHeader: true },
  { id: 'state', header: 'State', cell: ({ KeyMaterialState: state = '' }) => STATES[state] ?? state },
  { id: 'date', header: 'Rotation date', cell: ({ RotationDate }) => timeText(RotationDate) },
  { id: 'type', header: 'Rotation type', cell: ({ RotationType }) => rotationText(RotationType) },
]

const IMPORT_COLUMNS: readonly Column[] = [
  {
    id: 'import',
    header: 'Import state',
    cell: ({ ImportState }) => (ImportState === 'PENDING_IMPORT' ? 'Pending import' : 'Imported'),
  },
  { id: 'expiry', header: 'Expires', cell: ({ ValidTo }) => (ValidTo ? timeText(ValidTo) : 'Never') },
  { id: 'description', header: 'Description', cell: ({ KeyMaterialDescription }) => KeyMaterialDescription || '-' },
]

export function MaterialsTable({ metadata, materials, status, onDone }: Props) {
  const [isAsking, setIsAsking] = useState(false)
  const { KeyState, Origin, KeyManager, MultiRegionConfiguration } = metadata
  const items = materials.value ?? []
  const isImported = Origin === 'EXTERNAL'
  const isReplica = MultiRegionConfiguration?.MultiRegionKeyType === 'REPLICA'
  const isReady = !isImported || items.some(({ KeyMaterialState }) => KeyMaterialState === 'PENDING_ROTATION')
  return (
    <>
      <Table
        header={
          <Header
            variant="h2"
            counter={materials.value && `(${items.length})`}
            description={status?.OnDemandRotationStartDate && 'A rotation on demand is under way.'}
            actions={
              KeyManager === 'CUSTOMER' && (
                <Button
                  disabled={KeyState !== 'Enabled' || isReplica || !isReady}
                  disabledReason={
                    isReady ? undefined : 'Import new key material first; it becomes current with the rotation.'
                  }
                  onClick={() => setIsAsking(true)}
                >
                  Rotate now
                </Button>
              )
            }
          >
            Key materials and rotations
          </Header>
        }
        ariaLabels={{ tableLabel: 'Key materials and rotations' }}
        loading={materials.isLoading && materials.value === undefined}
        loadingText="Loading key materials"
        items={[...items].reverse()}
        trackBy="KeyMaterialId"
        columnDefinitions={isImported ? [...COLUMNS, ...IMPORT_COLUMNS] : COLUMNS}
        wrapLines
        empty={
          materials.failure ? (
            <FailureAlert action="list the rotations of the key" failure={materials.failure} />
          ) : (
            <Box color="text-body-secondary">The key has no key material.</Box>
          )
        }
      />
      {isAsking && <RotateNowDialog keyId={metadata.KeyId!} onDone={onDone} onClose={() => setIsAsking(false)} />}
    </>
  )
}

interface RotateProps {
  readonly keyId: string
  onDone(): void
  onClose(): void
}

function RotateNowDialog({ keyId, onDone, onClose }: RotateProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()

  async function rotate(): Promise<void> {
    await kms.send(new RotateKeyOnDemandCommand({ KeyId: keyId }))
    notices.succeeded('The key is rotated.')
    onDone()
  }

  return (
    <ActionDialog
      title="Rotate key now"
      action="rotate the key"
      confirm="Rotate key"
      onConfirm={rotate}
      onClose={onClose}
    >
      <Alert type="info">
        New key material encrypts from now on; what older material encrypted can still be decrypted. Rotations on demand
        cannot be undone, and their number for each key is limited. They do not move the dates of automatic rotation.
      </Alert>
    </ActionDialog>
  )
}

/** 64 hex digits: the first tell them apart. */
function shortId({ KeyMaterialId: id = '-' }: RotationsListEntry) {
  return (
    <span title={id}>
      <code>{id.length > 16 ? `${id.slice(0, 16)}…` : id}</code>
    </span>
  )
}

function rotationText(type: RotationsListEntry['RotationType']): string {
  if (type === undefined) return '-'
  return type === 'ON_DEMAND' ? 'On-demand' : 'Automatic'
}
