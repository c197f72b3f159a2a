import { type AliasListEntry, CreateAliasCommand, DeleteAliasCommand } from '@aws-sdk/client-kms'
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import { useState } from 'react'
import { allAliases, shortAlias } from '../aws/all-keys.ts'
import { useLoaded } from '../aws/use-loaded.ts'
import { timeText } from '../keys/words.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { ActionDialog } from '../shell/action-dialog.tsx'
import { FailureAlert } from '../shell/failure-alert.tsx'
import { useNotices } from '../shell/notices.tsx'
import type { TabProps } from './tab-props.ts'

export function Aliases({ metadata: { KeyId, KeyManager }, onChange }: TabProps) {
  const { kms } = useSignedIn()
  const aliases = useLoaded(() => allAliases(kms, KeyId), [kms, KeyId])
  const [selected, setSelected] = useState<readonly AliasListEntry[]>([])
  const [dialog, setDialog] = useState<'create' | 'delete'>()
  const done = () => {
    setSelected([])
    aliases.reload()
    onChange()
  }
  const onClose = () => setDialog(undefined)
  const isOwn = KeyManager === 'CUSTOMER'
  return (
    <>
      <Table
        header={
          <Header
            variant="h2"
            counter={aliases.value && `(${aliases.value.length})`}
            description="Names for the key that may move to another key. Programs use them as alias/name."
            actions={
              isOwn && (
                <SpaceBetween direction="horizontal" size="xs">
                  <Button disabled={selected.length === 0} onClick={() => setDialog('delete')}>
                    Delete
                  </Button>
                  <Button onClick={() => setDialog('create')}>Create alias</Button>
                </SpaceBetween>
              )
            }
          >
            Aliases
          </Header>
        }
        {...(isOwn && { selectionType: 'multi' as const })}
        selectedItems={selected}
        onSelectionChange={({ detail }) => setSelected(detail.selectedItems)}
        ariaLabels={{
          tableLabel: 'Aliases',
          allItemsSelectionLabel: () => 'Select all aliases',
          itemSelectionLabel: (_, { AliasName }) => `Select ${AliasName}`,
        }}
        loading={aliases.isLoading && aliases.value === undefined}
        loadingText="Loading aliases"
        items={aliases.value ?? []}
        trackBy="AliasName"
        wrapLines
        columnDefinitions={[
          { id: 'name', header: 'Alias name', cell: ({ AliasName }) => shortAlias(AliasName!), isRowHeader: true },
          { id: 'arn', header: 'Alias ARN', minWidth: 240, cell: ({ AliasArn }) => AliasArn },
          { id: 'created', header: 'Creation date', cell: ({ CreationDate }) => timeText(CreationDate) },
        ]}
        empty={
          aliases.failure ? (
            <FailureAlert action="list the aliases of the key" failure={aliases.failure} />
          ) : (
            <Box color="text-body-secondary">The key has no aliases.</Box>
          )
        }
      />
      {dialog === 'create' && <CreateAliasDialog keyId={KeyId!} onClose={onClose} onDone={done} />}
      {dialog === 'delete' && <DeleteAliasesDialog aliases={selected} onClose={onClose} onDone={done} />}
    </>
  )
}

interface CreateProps {
  readonly keyId: string
  onClose(): void
  onDone(): void
}

function CreateAliasDialog({ keyId, onClose, onDone }: CreateProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const [name, setName] = useState('')

  async function create(): Promise<void> {
    const short = shortAlias(name.trim())
    await kms.send(new CreateAliasCommand({ AliasName: `alias/${short}`, TargetKeyId: keyId }))
    notices.succeeded(`Alias ${short} is created.`)
    onDone()
  }

  return (
    <ActionDialog
      title="Create alias"
      action="create the alias"
      confirm="Create alias"
      isReady={name.trim() !== ''}
      onConfirm={create}
      onClose={onClose}
    >
      <FormField
        label="Alias name"
        constraintText="Letters, digits, / _ and -, at most 250. It may not begin with aws/."
      >
        <Input
          value={name}
          onChange={({ detail }) => setName(detail.value)}
          disableBrowserAutocorrect
          spellcheck={false}
          autoFocus
        />
      </FormField>
    </ActionDialog>
  )
}

interface DeleteProps {
  readonly aliases: readonly AliasListEntry[]
  onClose(): void
  onDone(): void
}

function DeleteAliasesDialog({ aliases, onClose, onDone }: DeleteProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const names = aliases.map(({ AliasName }) => AliasName!)

  async function remove(): Promise<void> {
    for (const AliasName of names) {
      await kms.send(new DeleteAliasCommand({ AliasName }))
      notices.succeeded(`Alias ${shortAlias(AliasName)} is deleted.`)
    }
    onDone()
  }

  return (
    <ActionDialog
      title="Delete aliases"
      action={`delete ${names.join(', ')}`}
      confirm="Delete"
      onConfirm={remove}
      onClose={onClose}
    >
      <Alert type="warning">
        <span className="identifier">
          {`Programs that use ${names.join(', ')} will not find the key any more. The key itself stays as it is.`}
        </span>
      </Alert>
    </ActionDialog>
  )
}
