import { ListResourceTagsCommand, type Tag, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-kms'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Table from '@cloudscape-design/components/table'
import { useState } from 'react'
import { allPages } from '../aws/all-pages.ts'
import { useLoaded } from '../aws/use-loaded.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { ActionDialog } from '../shell/action-dialog.tsx'
import { FailureAlert } from '../shell/failure-alert.tsx'
import { useNotices } from '../shell/notices.tsx'
import type { TabProps } from './tab-props.ts'
import { type TagRow, TagRows } from './tag-rows.tsx'

export function Tags({ metadata: { KeyId, KeyManager } }: TabProps) {
  const { kms } = useSignedIn()
  const tags = useLoaded(() => {
    const page = (Marker?: string) => kms.send(new ListResourceTagsCommand({ KeyId, Marker }))
    return allPages<Tag, Awaited<ReturnType<typeof page>>>(page, (answer) => answer.Tags)
  }, [kms, KeyId])
  const [isEditing, setIsEditing] = useState(false)
  const items = tags.value?.items ?? []
  return (
    <>
      <Table
        header={
          <Header
            variant="h2"
            counter={tags.value && `(${items.length})`}
            actions={
              KeyManager === 'CUSTOMER' && (
                <Button disabled={tags.value === undefined} onClick={() => setIsEditing(true)}>
                  Edit
                </Button>
              )
            }
          >
            Tags
          </Header>
        }
        ariaLabels={{ tableLabel: 'Tags' }}
        loading={tags.isLoading && tags.value === undefined}
        loadingText="Loading tags"
        items={items}
        trackBy="TagKey"
        columnDefinitions={[
          { id: 'key', header: 'Tag key', cell: ({ TagKey }) => TagKey, isRowHeader: true },
          { id: 'value', header: 'Tag value', cell: ({ TagValue }) => TagValue || '-' },
        ]}
        wrapLines
        empty={
          tags.failure ? (
            <FailureAlert action="list the tags of the key" failure={tags.failure} />
          ) : (
            <Box color="text-body-secondary">The key has no tags.</Box>
          )
        }
      />
      {isEditing && (
        <EditTagsDialog keyId={KeyId!} stored={items} onClose={() => setIsEditing(false)} onSaved={tags.reload} />
      )}
    </>
  )
}

interface EditProps {
  readonly keyId: string
  readonly stored: readonly Tag[]
  onClose(): void
  onSaved(): void
}

function EditTagsDialog({ keyId, stored, onClose, onSaved }: EditProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const [rows, setRows] = useState<readonly TagRow[]>(
    stored.map(({ TagKey, TagValue }) => ({ key: TagKey!, value: TagValue! })),
  )

  const kept = new Set(rows.map(({ key }) => key))
  const gone = stored.map(({ TagKey }) => TagKey!).filter((key) => !kept.has(key))
  const changed = rows.filter(
    ({ key, value }) => !stored.some(({ TagKey, TagValue }) => TagKey === key && TagValue === value),
  )

  async function save(): Promise<void> {
    // New ones first: if they are refused, nothing has been taken away.
    const added = changed.map(({ key, value }) => ({ TagKey: key, TagValue: value }))
    if (added.length > 0) await kms.send(new TagResourceCommand({ KeyId: keyId, Tags: added }))
    if (gone.length > 0) await kms.send(new UntagResourceCommand({ KeyId: keyId, TagKeys: gone }))
    notices.succeeded('The tags are changed.')
    onSaved()
  }

  return (
    <ActionDialog
      title="Edit tags"
      action="change the tags of the key"
      confirm="Save changes"
      size="large"
      isReady={gone.length > 0 || changed.length > 0}
      onConfirm={save}
      onClose={onClose}
    >
      <TagRows rows={rows} onChange={setRows} />
    </ActionDialog>
  )
}
