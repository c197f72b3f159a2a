import FormField from '@cloudscape-design/components/form-field'
import Multiselect, { type MultiselectProps } from '@cloudscape-design/components/multiselect'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Textarea from '@cloudscape-design/components/textarea'
import { useState } from 'react'
import type { ListedPrincipal } from '../aws/list-principals.ts'
import type { Loaded } from '../aws/use-loaded.ts'
import { FailureText } from '../shell/failure-alert.tsx'

interface Props {
  readonly label: string
  readonly listed: Loaded<readonly ListedPrincipal[]>
  /** ARNs. */
  readonly chosen: readonly string[]
  onChange(arns: readonly string[]): void
}

/** Users and roles of the account from a list; anybody else by ARN. */
export function PrincipalsField({ label, listed, chosen, onChange }: Props) {
  const known = listed.value ?? []
  const isKnown = (arn: string) => known.some((principal) => principal.arn === arn)
  const fromList = chosen.filter(isKnown)
  const [others, setOthers] = useState(chosen.filter((arn) => !isKnown(arn)).join('\n'))
  const options = known.map(optionOf)
  return (
    <SpaceBetween size="l">
      <FormField label={label} errorText={listed.failure && <FailureText failure={listed.failure} />}>
        <Multiselect
          selectedOptions={options.filter(({ value }) => fromList.includes(value!))}
          options={options}
          filteringType="auto"
          placeholder="Choose users and roles"
          filteringPlaceholder="Find users and roles"
          empty="The account has no users or roles."
          statusType={listed.isLoading ? 'loading' : 'finished'}
          loadingText="Loading users and roles"
          deselectAriaLabel={(option) => `Remove ${option.label}`}
          onChange={({ detail }) =>
            onChange([...detail.selectedOptions.map(({ value }) => value!), ...linesOf(others)])
          }
        />
      </FormField>
      <FormField
        label="Others - optional"
        constraintText="One ARN or account ID a line, also of other accounts that this server hosts."
      >
        <Textarea
          value={others}
          rows={2}
          spellcheck={false}
          disableBrowserAutocorrect
          onChange={({ detail }) => {
            setOthers(detail.value)
            onChange([...fromList, ...linesOf(detail.value)])
          }}
        />
      </FormField>
    </SpaceBetween>
  )
}

function optionOf({ arn, name, kind }: ListedPrincipal): MultiselectProps.Option {
  return { value: arn, label: name, labelTag: kind, description: arn }
}

function linesOf(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
