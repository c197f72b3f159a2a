import type { KeyMetadata } from '@aws-sdk/client-kms'
import Container from '@cloudscape-design/components/container'
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import { KeyStatus } from '../keys/key-columns.tsx'
import { regionalityText, timeText } from '../keys/words.ts'
import { LastUsed } from './last-used.tsx'

interface Props {
  readonly metadata: KeyMetadata
  /** Without `alias/`. */
  readonly aliases: readonly string[]
}

export function GeneralConfiguration({ metadata, aliases }: Props) {
  return (
    <Container header={<Header variant="h2">General configuration</Header>}>
      <KeyValuePairs
        columns={3}
        minColumnWidth={170}
        items={[
          { label: 'Alias', value: <span className="identifier">{aliases.join(', ') || '-'}</span> },
          { label: 'Status', value: <KeyStatus state={metadata.KeyState!} /> },
          { label: 'Creation date', value: timeText(metadata.CreationDate) },
          { label: 'ARN', value: <Copied text={metadata.Arn!} what="ARN" /> },
          { label: 'Description', value: <div className="identifier long-text">{metadata.Description || '-'}</div> },
          { label: 'Regionality', value: regionalityText(metadata) },
          { label: 'Key ID', value: <Copied text={metadata.KeyId!} what="key ID" /> },
          { label: 'Last used', value: <LastUsed keyId={metadata.KeyId!} /> },
          ...(metadata.ValidTo ? [{ label: 'Key material expires', value: timeText(metadata.ValidTo) }] : []),
          ...(metadata.DeletionDate ? [{ label: 'Deletion date', value: timeText(metadata.DeletionDate) }] : []),
        ]}
      />
    </Container>
  )
}

function Copied({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      textToDisplay={<span className="identifier">{text}</span>}
      copyButtonAriaLabel={`Copy ${what}`}
      copySuccessText={`Copied ${what}`}
      copyErrorText={`Failed to copy ${what}`}
    />
  )
}
