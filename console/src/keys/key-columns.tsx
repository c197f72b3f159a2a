/** Columns of key lists, in AWS's order. */
import type { KeyMetadata } from '@aws-sdk/client-kms'
import Box from '@cloudscape-design/components/box'
import Link from '@cloudscape-design/components/link'
import Popover from '@cloudscape-design/components/popover'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { TableProps } from '@cloudscape-design/components/table'
import type { ReactNode } from 'react'
import type { ListedKey } from '../aws/all-keys.ts'
import { FailureText } from '../shell/failure-alert.tsx'
import { hrefOf, PATHS } from '../shell/routes.ts'
import type { Description } from './use-descriptions.ts'
import { keyTypeText, stateWords, usageText } from './words.ts'

export interface KeyRow extends ListedKey {
  /** `undefined` until it is known. */
  readonly description: Description | undefined
}

export const ALIASES: TableProps.ColumnDefinition<KeyRow> = {
  id: 'aliases',
  header: 'Aliases',
  minWidth: 140,
  // An alias of 250 characters would push all other columns off the screen.
  maxWidth: 240,
  cell: ({ keyId, aliases: [first, ...more] }) => {
    if (first === undefined) return '-'
    return (
      <>
        <Link href={hrefOf(PATHS.key(keyId))}>{first}</Link>
        {more.length > 0 && (
          <Box display="inline" color="text-body-secondary" margin={{ left: 'xxs' }}>
            {`+${more.length} more`}
          </Box>
        )}
      </>
    )
  },
}

export const KEY_ID: TableProps.ColumnDefinition<KeyRow> = {
  id: 'keyId',
  header: 'Key ID',
  minWidth: 180,
  isRowHeader: true,
  cell: ({ keyId }) => <Link href={hrefOf(PATHS.key(keyId))}>{keyId}</Link>,
}

export const STATUS: TableProps.ColumnDefinition<KeyRow> = {
  id: 'status',
  header: 'Status',
  minWidth: 150,
  cell: ({ description }) => {
    if (description !== undefined && 'failure' in description) return <NotDescribed {...description} />
    return described(description, ({ KeyState }) => <KeyStatus state={KeyState!} />)
  },
}

export const KEY_TYPE = fact('keyType', 'Key type', keyTypeText)
export const KEY_SPEC = fact('keySpec', 'Key spec', ({ KeySpec }) => KeySpec)
export const KEY_USAGE = fact('keyUsage', 'Key usage', ({ KeyUsage }) => usageText(KeyUsage))

export function KeyStatus({ state }: { readonly state: NonNullable<KeyMetadata['KeyState']> }) {
  const { type, text } = stateWords(state)
  return <StatusIndicator type={type}>{text}</StatusIndicator>
}

function fact(
  id: string,
  header: string,
  of: (metadata: KeyMetadata) => ReactNode,
): TableProps.ColumnDefinition<KeyRow> {
  return { id, header, minWidth: 120, cell: ({ description }) => described(description, of) }
}

function described(description: Description | undefined, of: (metadata: KeyMetadata) => ReactNode): ReactNode {
  if (description === undefined) return <StatusIndicator type="loading">Loading</StatusIndicator>
  return 'metadata' in description ? of(description.metadata) : '-'
}

/** A key may be listed and not be described: its own policy decides that. */
function NotDescribed({ failure }: Extract<Description, { failure: unknown }>) {
  return (
    <Popover header="Failed to describe the key" size="large" content={<FailureText failure={failure} />}>
      <StatusIndicator type="warning">Not readable</StatusIndicator>
    </Popover>
  )
}
