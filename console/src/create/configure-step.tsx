import type { KeySpec, KeyUsageType, OriginType } from '@aws-sdk/client-kms'
import Container from '@cloudscape-design/components/container'
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import FormField from '@cloudscape-design/components/form-field'
import RadioGroup from '@cloudscape-design/components/radio-group'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { usageText } from '../keys/words.ts'
import { type KeyType, specsOf, USAGES, withPurpose } from './key-draft.ts'
import type { StepProps } from './step-props.ts'

export function ConfigureStep({ draft, onChange }: StepProps) {
  const specs = specsOf(draft)
  return (
    <Container>
      <SpaceBetween size="l">
        <FormField label="Key type">
          <RadioGroup
            value={draft.type}
            onChange={({ detail }) => onChange(withPurpose(draft, detail.value as KeyType, draft.usage))}
            items={[
              { value: 'symmetric', label: 'Symmetric', description: 'A single key for both ways.' },
              { value: 'asymmetric', label: 'Asymmetric', description: 'A public and a private key.' },
            ]}
          />
        </FormField>
        <FormField label="Key usage">
          <RadioGroup
            value={draft.usage}
            onChange={({ detail }) => onChange(withPurpose(draft, draft.type, detail.value as KeyUsageType))}
            items={USAGES[draft.type].map(({ usage, description }) => ({
              value: usage,
              label: usageText(usage),
              description,
            }))}
          />
        </FormField>
        {specs.length > 1 && (
          <FormField label="Key spec">
            <Select
              selectedOption={{ value: draft.spec, label: draft.spec }}
              options={specs.map((spec) => ({ value: spec, label: spec }))}
              onChange={({ detail }) => onChange({ ...draft, spec: detail.selectedOption.value as KeySpec })}
            />
          </FormField>
        )}
        <ExpandableSection headerText="Advanced options">
          <SpaceBetween size="l">
            <FormField label="Key material origin">
              <RadioGroup
                value={draft.origin}
                onChange={({ detail }) => onChange({ ...draft, origin: detail.value as OriginType })}
                items={[
                  {
                    value: 'AWS_KMS',
                    label: 'KMS - recommended',
                    description: 'Keyhold makes the key material and keeps it.',
                  },
                  {
                    value: 'EXTERNAL',
                    label: 'External (import key material)',
                    description: 'You make the key material and import it after the key is created.',
                  },
                ]}
              />
            </FormField>
            <FormField label="Regionality" description="It cannot be changed later.">
              <RadioGroup
                value={draft.isMultiRegion ? 'multi' : 'single'}
                onChange={({ detail }) => onChange({ ...draft, isMultiRegion: detail.value === 'multi' })}
                items={[
                  {
                    value: 'single',
                    label: 'Single-Region key',
                    description: 'Never allow this key to be replicated.',
                  },
                  {
                    value: 'multi',
                    label: 'Multi-Region key',
                    description: 'Allow this key to be replicated into other Regions.',
                  },
                ]}
              />
            </FormField>
          </SpaceBetween>
        </ExpandableSection>
      </SpaceBetween>
    </Container>
  )
}
