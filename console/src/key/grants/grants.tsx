import { type GrantListEntry, ListGrantsCommand, RevokeGrantCommand } from '@aws-sdk/client-kms'
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useState } from 'react'
import { allPages } from '../../aws/all-pages.ts'
import { useLoaded } from '../../aws/use-loaded.ts'
import { timeText } from '../../keys/words.ts'
import { useSignedIn } from '../../session/signed-in.ts'
import { ActionDialog } from '../../shell/action-dialog.tsx'
import { FailureAlert } from '../../shell/failure-alert.tsx'
import { useNotices } from '../../shell/notices.tsx'
import type { TabProps } from '../tab-props.ts'
import { CreateGrantDialog } from './create-grant-dialog.tsx'

const GRANTS_PER_PAGE = 100

const COLUMNS: readonly TableProps.ColumnDefinition<GrantListEntry>[] = [
  { id: 'name', header: 'Name', cell: ({ Name }) => Name || '-' },
  { id: 'grantee', header: 'Grantee principal', minWidth: 200, cell: granteeOf },
  { id: 'operations', header: 'Operations', minWidth: 160, cell: ({ Operations = [] }) => Operations.join(', ') },
  { id: 'constraints', header: 'Constraints', minWidth: 160, cell: ({ Constraints }) => constraintsText(Constraints) },
  {
    id: 'retiring',
    header: 'Retiring principal',
    minWidth: 160,
    cell: (grant) => grant.RetiringPrincipal ?? grant.RetiringServicePrincipal ?? '-',
  },
  { id: 'created', header: 'Creation date', minWidth: 140, cell: ({ CreationDate }) => timeText(CreationDate) },
  {
    id: 'id',
    header: 'Grant ID',
    isRowHeader: true,
    cell: ({ GrantId = '' }) => <code title={GrantId}>{`${GrantId.slice(0, 12)}…`}</code>,
  },
]

/** AWS's console has no such page; its API has all of it. */
export default function Grants({ metadata }: TabProps) {
  const { kms } = useSignedIn()
  const { KeyId, KeyManager } = metadata
  const grants = useLoaded(
    () =>
      allPages(
        (Marker) => kms.send(new ListGrantsCommand({ KeyId, Limit: GRANTS_PER_PAGE, Marker })),
        ({ Grants }) => Grants,
      ),
    [kms, KeyId],
  )
  const [selected, setSelected] = useState<readonly GrantListEntry[]>([])
  const [dialog, setDialog] = useState<'create' | 'revoke'>()
  const done = () => {
    setSelected([])
    grants.reload()
  }
  const onClose = () => setDialog(undefined)
  const isOwn = KeyManager === 'CUSTOMER'
  return (
    <>
      <Table
        header={
          <Header
            variant="h2"
            counter={grants.value && `(${grants.value.items.length}${grants.value.isCut ? '+' : ''})`}
            description="Each lets one principal use the key, beside what policies allow."
            actions={
              isOwn && (
                <SpaceBetween direction="horizontal" size="xs">
                  <Button disabled={selected.length === 0} onClick={() => setDialog('revoke')}>
                    Revoke
                  </Button>
                  <Button onClick={() => setDialog('create')}>Create grant</Button>
                </SpaceBetween>
              )
            }
          >
            Grants
          </Header>
        }
        {...(isOwn && { selectionType: 'multi' as const })}
        selectedItems={selected}
        onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
        ariaLabels={{
          tableLabel: 'Grants',
          allItemsSelectionLabel: () => 'Select all grants',
          itemSelectionLabel: (_, grant) => `Select grant ${grant.Name || grant.GrantId}`,
        }}
        loading={grants.isLoading && grants.value === undefined}
        loadingText="Loading grants"
        items={grants.value?.items ?? []}
        trackBy="GrantId"
        columnDefinitions={COLUMNS}
        wrapLines
        empty={
          grants.failure ? (
            <FailureAlert action="list the grants of the key" failure={grants.failure} />
          ) : (
            <Box color="text-body-secondary">The key has no grants.</Box>
          )
        }
      />
      {dialog === 'create' && <CreateGrantDialog metadata={metadata} onClose={onClose} onDone={done} />}
      {dialog === 'revoke' && <RevokeDialog keyId={KeyId!} grants={selected} onClose={onClose} onDone={done} />}
    </>
  )
}

function granteeOf({ GranteePrincipal, GranteeServicePrincipal }: GrantListEntry): string {
  return GranteePrincipal ?? GranteeServicePrincipal ?? '-'
}

function constraintsText(constraints: GrantListEntry['Constraints']): string {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset, SourceArn } = constraints ?? {}
  const texts = [
    equals && `encryption context equals ${pairs(equals)}`,
    subset && `encryption context has ${pairs(subset)}`,
    SourceArn && `source ARN ${SourceArn}`,
  ]
  return texts.filter(Boolean).join('; ') || '-'
}

function pairs(context: Record<string, string>): string {
  return Object.entries(context)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')
}

interface RevokeProps {
  readonly keyId: string
  readonly grants: readonly GrantListEntry[]
  onClose(): void
  onDone(): void
}

function RevokeDialog({ keyId, grants, onClose, onDone }: RevokeProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const what = grants.length === 1 ? 'the grant' : `${grants.length} grants`

  async function revoke(): Promise<void> {
    for (const { GrantId } of grants) await kms.send(new RevokeGrantCommand({ KeyId: keyId, GrantId }))
    notices.succeeded(grants.length === 1 ? 'The grant is revoked.' : `${grants.length} grants are revoked.`)
    onDone()
  }

  return (
    <ActionDialog title="Revoke grants" action={`revoke ${what}`} confirm="Revoke" onConfirm={revoke} onClose={onClose}>
      <Alert type="warning">
        <span className="identifier">
          {`Without ${what}, ${grants.map(granteeOf).join(', ')} may do only what policies allow.`}
        </span>
      </Alert>
    </ActionDialog>
  )
}
