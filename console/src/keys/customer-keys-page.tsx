import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useState } from 'react'
import { listAllKeys } from '../aws/all-keys.ts'
import { useLoaded } from '../aws/use-loaded.ts'
import { KeyActions } from '../key/key-actions.tsx'
import type { NamedKey } from '../key/named-key.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { hrefOf, PATHS } from '../shell/routes.ts'
import { ALIASES, KEY_ID, KEY_SPEC, KEY_TYPE, KEY_USAGE, type KeyRow, STATUS } from './key-columns.tsx'
import { KeyTable } from './key-table.tsx'

const COLUMNS = [ALIASES, KEY_ID, STATUS, KEY_TYPE, KEY_SPEC, KEY_USAGE]

export function CustomerKeysPage() {
  const { kms, region } = useSignedIn()
  const lists = useLoaded(() => listAllKeys(kms), [kms])
  const [selected, setSelected] = useState<readonly KeyRow[]>([])
  const reload = () => {
    setSelected([])
    lists.reload()
  }
  return (
    <KeyTable
      title="Customer managed keys"
      description={`KMS keys that you create, own and manage, in ${region}.`}
      lists={lists}
      keysOf={({ customerManaged }) => customerManaged}
      columns={COLUMNS}
      selected={selected}
      onSelect={setSelected}
      actions={(rows) => (
        <SpaceBetween direction="horizontal" size="xs">
          <KeyActions keys={describedKeys(rows)} onDone={reload} />
          <Button variant="primary" href={hrefOf(PATHS.createKey)}>
            Create key
          </Button>
        </SpaceBetween>
      )}
      empty={<NoKeys region={region} />}
    />
  )
}

/** Of what is not known nothing can be said to be possible. */
function describedKeys(rows: readonly KeyRow[]): readonly NamedKey[] {
  const keys = rows.flatMap(({ keyId, aliases, description }) => {
    if (description === undefined || 'failure' in description) return []
    return [{ metadata: description.metadata, name: aliases[0] ?? keyId }]
  })
  return keys.length === rows.length ? keys : []
}

function NoKeys({ region }: { readonly region: string }) {
  return (
    <SpaceBetween size="s" alignItems="center">
      <Box variant="strong">No customer managed keys</Box>
      <Box color="text-body-secondary">{`You have no customer managed keys in ${region}.`}</Box>
      <Button href={hrefOf(PATHS.createKey)}>Create key</Button>
    </SpaceBetween>
  )
}
