import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { Failure } from '../aws/failure.ts'
import { originText, usageText } from '../keys/words.ts'
import { FailureAlert } from '../shell/failure-alert.tsx'
import type { KeyDraft } from './key-draft.ts'

interface Props {
  readonly draft: KeyDraft
  readonly policy: string
  readonly failure: Failure | undefined
}

export function ReviewStep({ draft, policy, failure }: Props) {
  const tags = draft.tags.map(({ key, value }) => (value === '' ? key : `${key}=${value}`))
  return (
    <SpaceBetween size="l">
      {failure && <FailureAlert action="create the key" failure={failure} />}
      <Container header={<Header variant="h2">Key configuration</Header>}>
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Key type', value: draft.type === 'symmetric' ? 'Symmetric' : 'Asymmetric' },
            { label: 'Key spec', value: draft.spec },
            { label: 'Key usage', value: usageText(draft.usage) },
            { label: 'Origin', value: originText(draft.origin) },
            { label: 'Regionality', value: draft.isMultiRegion ? 'Multi-Region key' : 'Single-Region key' },
          ]}
        />
      </Container>
      <Container header={<Header variant="h2">Alias, description and tags</Header>}>
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Alias', value: draft.alias || '-' },
            { label: 'Description', value: draft.description || '-' },
            { label: 'Tags', value: tags.join(', ') || '-' },
          ]}
        />
      </Container>
      <Container header={<Header variant="h2">Key policy</Header>}>
        <pre className="document">{policy}</pre>
      </Container>
    </SpaceBetween>
  )
}
