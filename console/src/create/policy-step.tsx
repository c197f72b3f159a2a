import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import { DocumentEditor } from '../shell/document-editor.tsx'
import type { StepProps } from './step-props.ts'

export function PolicyStep({ draft, policy, onChange }: StepProps & { readonly policy: string }) {
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Made from your choices. Once you edit it, they change it no more."
          actions={
            <Button disabled={draft.policy === undefined} onClick={() => onChange({ ...draft, policy: undefined })}>
              Discard edits
            </Button>
          }
        >
          Key policy
        </Header>
      }
    >
      <DocumentEditor label="Policy" text={policy} onChange={(text) => onChange({ ...draft, policy: text })} />
    </Container>
  )
}
