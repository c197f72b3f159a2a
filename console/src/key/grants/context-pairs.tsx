import type { GrantConstraints } from '@aws-sdk/client-kms'
import AttributeEditor from '@cloudscape-design/components/attribute-editor'
import Input from '@cloudscape-design/components/input'

export interface Pair {
  readonly name: string
  readonly value: string
}

export type ContextMatch = 'none' | 'subset' | 'equals'

export function contextConstraint(match: ContextMatch, pairs: readonly Pair[]): GrantConstraints | undefined {
  if (match === 'none') return undefined
  const context = Object.fromEntries(pairs.filter(({ name }) => name !== '').map(({ name, value }) => [name, value]))
  return match === 'subset' ? { EncryptionContextSubset: context } : { EncryptionContextEquals: context }
}

/** KMS's quota. */
const PAIRS_MAX = 8

interface Props {
  readonly pairs: readonly Pair[]
  onChange(pairs: readonly Pair[]): void
}

export function ContextPairs({ pairs, onChange }: Props) {
  const change = (index: number, part: Partial<Pair>) =>
    onChange(pairs.map((pair, at) => (at === index ? { ...pair, ...part } : pair)))
  return (
    <AttributeEditor<Pair>
      items={pairs}
      disableAddButton={pairs.length >= PAIRS_MAX}
      addButtonText="Add pair"
      removeButtonText="Remove"
      removeButtonAriaLabel={({ name }) => `Remove pair ${name}`}
      onAddButtonClick={() => onChange([...pairs, { name: '', value: '' }])}
      onRemoveButtonClick={({ detail }) => onChange(pairs.filter((_, index) => index !== detail.itemIndex))}
      empty="No pairs."
      definition={[
        {
          label: 'Key',
          control: ({ name }, index) => (
            <Input
              value={name}
              ariaLabel="Context key"
              onChange={({ detail }) => change(index, { name: detail.value })}
            />
          ),
        },
        {
          label: 'Value',
          control: ({ value }, index) => (
            <Input
              value={value}
              ariaLabel="Context value"
              onChange={({ detail }) => change(index, { value: detail.value })}
            />
          ),
        },
      ]}
    />
  )
}
