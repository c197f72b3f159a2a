import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Pagination from '@cloudscape-design/components/pagination'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import TextFilter from '@cloudscape-design/components/text-filter'
import { type ReactNode, useMemo, useState } from 'react'
import type { KeyLists, ListedKey } from '../aws/all-keys.ts'
import type { Loaded } from '../aws/use-loaded.ts'
import { useSignedIn } from '../session/signed-in.ts'
import { FailureAlert } from '../shell/failure-alert.tsx'
import type { KeyRow } from './key-columns.tsx'
import { useDescriptions } from './use-descriptions.ts'

const ROWS_PER_PAGE = 20

interface Props {
  readonly title: string
  readonly description: string
  readonly lists: Loaded<KeyLists>
  readonly keysOf: (lists: KeyLists) => readonly ListedKey[]
  readonly columns: readonly TableProps.ColumnDefinition<KeyRow>[]
  /** Shown where there is no key at all. */
  readonly empty: ReactNode
  readonly selected?: readonly KeyRow[]
  onSelect?(rows: readonly KeyRow[]): void
  /** Buttons for the keys that are selected, as far as they are described. */
  actions?(selected: readonly KeyRow[]): ReactNode
}

export function KeyTable(props: Props) {
  const { title, lists, keysOf, columns, selected, onSelect } = props
  const { kms } = useSignedIn()
  const [filter, setFilter] = useState('')
  const [pageIndex, setPageIndex] = useState(1)
  const all = useMemo(() => (lists.value === undefined ? [] : keysOf(lists.value)), [lists.value, keysOf])
  const matching = useMemo(() => all.filter((key) => matches(key, filter)), [all, filter])
  const pagesCount = Math.max(1, Math.ceil(matching.length / ROWS_PER_PAGE))
  const page = Math.min(pageIndex, pagesCount)
  const shown = matching.slice((page - 1) * ROWS_PER_PAGE, page * ROWS_PER_PAGE)
  const descriptions = useDescriptions(
    kms,
    shown.map(({ keyId }) => keyId),
    lists.value,
  )
  const described = <K extends ListedKey>(key: K): KeyRow => ({ ...key, description: descriptions.get(key.keyId) })
  const rows = shown.map(described)
  const count = lists.value?.isCut ? `(${all.length}+)` : `(${all.length})`

  return (
    <Table<KeyRow>
      variant="full-page"
      trackBy="keyId"
      columnDefinitions={columns}
      items={rows}
      loading={lists.isLoading && lists.value === undefined}
      loadingText="Loading keys"
      {...(onSelect && {
        selectionType: 'multi' as const,
        selectedItems: selected,
        onSelectionChange: ({ detail }) => onSelect(detail.selectedItems),
        ariaLabels: {
          tableLabel: title,
          allItemsSelectionLabel: () => 'Select all keys of this page',
          itemSelectionLabel: (_, { keyId }) => `Select key ${keyId}`,
        },
      })}
      header={
        <SpaceBetween size="m">
          <Header
            variant="awsui-h1-sticky"
            counter={lists.value && count}
            description={props.description}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel="Refresh" onClick={lists.reload} loading={lists.isLoading} />
                {props.actions?.((selected ?? []).map(described))}
              </SpaceBetween>
            }
          >
            {title}
          </Header>
          {lists.value?.aliasesFailure && <FailureAlert action="list aliases" failure={lists.value.aliasesFailure} />}
        </SpaceBetween>
      }
      filter={
        <TextFilter
          filteringText={filter}
          filteringPlaceholder="Filter keys by alias or key ID"
          filteringAriaLabel="Filter keys"
          countText={matching.length === 1 ? '1 match' : `${matching.length} matches`}
          onChange={({ detail }) => {
            setFilter(detail.filteringText)
            setPageIndex(1)
          }}
        />
      }
      pagination={
        <Pagination
          currentPageIndex={page}
          pagesCount={pagesCount}
          onChange={({ detail }) => setPageIndex(detail.currentPageIndex)}
        />
      }
      empty={emptyOf(props, filter, () => setFilter(''))}
    />
  )
}

function emptyOf({ lists, empty }: Props, filter: string, onClear: () => void): ReactNode {
  if (lists.failure !== undefined) return <FailureAlert action="list keys" failure={lists.failure} />
  if (filter === '') return empty
  return (
    <SpaceBetween size="s" alignItems="center">
      <Box variant="strong">No matches</Box>
      <Button onClick={onClear}>Clear filter</Button>
    </SpaceBetween>
  )
}

function matches({ keyId, arn, aliases }: ListedKey, filter: string): boolean {
  const wanted = filter
    .trim()
    .toLowerCase()
    .replace(/^alias\//, '')
  return [keyId, arn, ...aliases].some((text) => text.toLowerCase().includes(wanted))
}
