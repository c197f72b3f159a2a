import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Textarea from '@cloudscape-design/components/textarea'
import { TagRows } from '../key/tag-rows.tsx'
import type { StepProps } from './step-props.ts'

export function LabelsStep({ draft, onChange }: StepProps) {
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">Alias and description</Header>}>
        <SpaceBetween size="l">
          <FormField
            label="Alias - optional"
            description="You can change it at any time."
            constraintText="Letters, digits, / _ and -."
          >
            <Input
              value={draft.alias}
              onChange={({ detail }) => onChange({ ...draft, alias: detail.value })}
              disableBrowserAutocorrect
              spellcheck={false}
            />
          </FormField>
          <FormField label="Description - optional" description="You can change it at any time.">
            <Textarea
              value={draft.description}
              placeholder="What the key protects"
              onChange={({ detail }) => onChange({ ...draft, description: detail.value })}
            />
          </FormField>
        </SpaceBetween>
      </Container>
      <Container header={<Header variant="h2">Tags - optional</Header>}>
        <TagRows rows={draft.tags} onChange={(tags) => onChange({ ...draft, tags })} />
      </Container>
    </SpaceBetween>
  )
}
