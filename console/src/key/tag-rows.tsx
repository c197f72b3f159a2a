import AttributeEditor from '@cloudscape-design/components/attribute-editor'
import Input from '@cloudscape-design/components/input'

export interface TagRow {
  readonly key: string
  readonly value: string
}

/** KMS's quota. */
const TAGS_MAX = 50

interface Props {
  readonly rows: readonly TagRow[]
  onChange(rows: readonly TagRow[]): void
}

export function TagRows({ rows, onChange }: Props) {
  const change = (index: number, part: Partial<TagRow>) =>
    onChange(rows.map((row, at) => (at === index ? { ...row, ...part } : row)))
  return (
    <AttributeEditor<TagRow>
      items={rows}
      disableAddButton={rows.length >= TAGS_MAX}
      addButtonText="Add tag"
      removeButtonText="Remove"
      removeButtonAriaLabel={({ key }) => `Remove tag ${key}`}
      onAddButtonClick={() => onChange([...rows, { key: '', value: '' }])}
      onRemoveButtonClick={({ detail }) => onChange(rows.filter((_, index) => index !== detail.itemIndex))}
      empty="No tags."
      additionalInfo="Tags are not secret: they are in audit logs, and policies may decide by them."
      definition={[
        {
          label: 'Tag key',
          control: ({ key }, index) => (
            <Input value={key} ariaLabel="Tag key" onChange={({ detail }) => change(index, { key: detail.value })} />
          ),
        },
        {
          label: 'Tag value - optional',
          control: ({ value }, index) => (
            <Input
              value={value}
              ariaLabel="Tag value"
              onChange={({ detail }) => change(index, { value: detail.value })}
            />
          ),
        },
      ]}
    />
  )
}
