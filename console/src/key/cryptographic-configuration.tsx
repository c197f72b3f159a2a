import type { KeyMetadata } from '@aws-sdk/client-kms'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import { keyTypeText, originText, usageText } from '../keys/words.ts'
import type { TabProps } from './tab-props.ts'

export function CryptographicConfiguration({ metadata }: TabProps) {
  return (
    <Container header={<Header variant="h2">Cryptographic configuration</Header>}>
      <KeyValuePairs
        columns={3}
        items={[
          { label: 'Key type', value: keyTypeText(metadata) },
          { label: 'Origin', value: originText(metadata.Origin) },
          { label: 'Key spec', value: metadata.KeySpec },
          { label: 'Key usage', value: usageText(metadata.KeyUsage) },
          ...algorithms(metadata),
        ]}
      />
    </Container>
  )
}

function algorithms(metadata: KeyMetadata): { label: string; value: string }[] {
  const lists: readonly [label: string, list: readonly string[] | undefined][] = [
    ['Encryption algorithms', metadata.EncryptionAlgorithms],
    ['Signing algorithms', metadata.SigningAlgorithms],
    ['MAC algorithms', metadata.MacAlgorithms],
    ['Key agreement algorithms', metadata.KeyAgreementAlgorithms],
  ]
  return lists.flatMap(([label, list]) => (list === undefined ? [] : [{ label, value: list.join(', ') }]))
}
