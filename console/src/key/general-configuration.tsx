import { GetKeyLastUsageCommand, type KeyMetadata } from '@aws-sdk/client-kms'
import Container from '@cloudscape-design/components/container'
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import { useLoaded } from '../aws/use-loaded.ts'
import { KeyStatus } from '../keys/key-columns.tsx'
import { keyTypeText, originText, regionalityText, timeText, usageText } from '../keys/words.ts'
import { useSignedIn } from '../session/signed-in.ts'

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
        items={[
          { label: 'Alias', value: aliases.join(', ') || '-' },
          { label: 'Status', value: <KeyStatus state={metadata.KeyState!} /> },
          { label: 'Creation date', value: timeText(metadata.CreationDate) },
          { label: 'ARN', value: <Copied text={metadata.Arn!} what="ARN" /> },
          { label: 'Key ID', value: <Copied text={metadata.KeyId!} what="key ID" /> },
          { label: 'Description', value: metadata.Description || '-' },
          { label: 'Key type', value: keyTypeText(metadata) },
          { label: 'Key spec', value: metadata.KeySpec },
          { label: 'Key usage', value: usageText(metadata.KeyUsage) },
          { label: 'Origin', value: originText(metadata.Origin) },
          { label: 'Regionality', value: regionalityText(metadata) },
          { label: 'Last used', value: <LastUsed keyId={metadata.KeyId!} /> },
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

function LastUsed({ keyId }: { readonly keyId: string }) {
  const { kms } = useSignedIn()
  const { value, failure, isLoading } = useLoaded(
    () => kms.send(new GetKeyLastUsageCommand({ KeyId: keyId })),
    [kms, keyId],
  )
  if (value === undefined) return isLoading ? 'Loading' : (failure?.code ?? '-')
  const { KeyLastUsage: last, TrackingStartDate } = value
  return last?.Timestamp === undefined
    ? `No use since ${timeText(TrackingStartDate)}`
    : `${timeText(last.Timestamp)} (${last.Operation})`
}
