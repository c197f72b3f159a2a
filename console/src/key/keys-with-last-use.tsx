import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import { LastUsed } from './last-used.tsx'
import type { NamedKey } from './named-key.ts'

/** Before something hurts: which keys, and who may still need them. */
export function KeysWithLastUse({ keys }: { readonly keys: readonly NamedKey[] }) {
  return (
    <KeyValuePairs
      columns={2}
      items={keys.flatMap(({ metadata, name }) => [
        { label: 'Key', value: <span className="identifier">{name}</span> },
        { label: 'Last used', value: <LastUsed keyId={metadata.KeyId!} /> },
      ])}
    />
  )
}
