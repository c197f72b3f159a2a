import type { KeyMetadata } from '@aws-sdk/client-kms'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import type { ReactNode } from 'react'
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
          ...whereItIs(metadata),
        ]}
      />
    </Container>
  )
}

type Item = { label: string; value: ReactNode }

/** Of keys in custom key stores. */
function whereItIs({ CustomKeyStoreId, CloudHsmClusterId, XksKeyConfiguration }: KeyMetadata): Item[] {
  const names: readonly [label: string, name: string | undefined][] = [
    ['Custom key store ID', CustomKeyStoreId],
    ['CloudHSM cluster ID', CloudHsmClusterId],
    ['External key ID', XksKeyConfiguration?.Id],
  ]
  return names.flatMap(([label, name]) =>
    name === undefined ? [] : [{ label, value: <span className="identifier">{name}</span> }],
  )
}

function algorithms(metadata: KeyMetadata): Item[] {
  const lists: readonly [label: string, list: readonly string[] | undefined][] = [
    ['Encryption algorithms', metadata.EncryptionAlgorithms],
    ['Signing algorithms', metadata.SigningAlgorithms],
    ['MAC algorithms', metadata.MacAlgorithms],
    ['Key agreement algorithms', metadata.KeyAgreementAlgorithms],
  ]
  return lists.flatMap(([label, list]) => (list === undefined ? [] : [{ label, value: list.join(', ') }]))
}
