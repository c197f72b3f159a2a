import Checkbox from '@cloudscape-design/components/checkbox'
import DateInput from '@cloudscape-design/components/date-input'
import FormField from '@cloudscape-design/components/form-field'
import SpaceBetween from '@cloudscape-design/components/space-between'
import TimeInput from '@cloudscape-design/components/time-input'

export interface ExpiryChoice {
  readonly expires: boolean
  /** `2027-01-31`, as far as it was typed. */
  readonly date: string
  /** `12:00`, UTC. */
  readonly time: string
}

export const NEVER: ExpiryChoice = { expires: false, date: '', time: '00:00' }

/** @returns the moment; `undefined` where none was chosen or what was typed is none. */
export function expiryOf({ expires, date, time }: ExpiryChoice): Date | undefined {
  const at = new Date(`${date}T${time}:00Z`)
  return expires && !Number.isNaN(at.getTime()) ? at : undefined
}

interface Props {
  readonly choice: ExpiryChoice
  onChange(choice: ExpiryChoice): void
}

export function Expiry({ choice, onChange }: Props) {
  const { expires, date, time } = choice
  return (
    <SpaceBetween size="s">
      <Checkbox checked={expires} onChange={({ detail }) => onChange({ ...choice, expires: detail.checked })}>
        Key material expires
      </Checkbox>
      {expires && (
        <SpaceBetween direction="horizontal" size="s">
          <FormField label="Date" constraintText="YYYY/MM/DD, within 365 days">
            <DateInput
              value={date}
              placeholder="YYYY/MM/DD"
              onChange={({ detail }) => onChange({ ...choice, date: detail.value })}
            />
          </FormField>
          <FormField label="Time" constraintText="24 hours, UTC">
            <TimeInput
              value={time}
              format="hh:mm"
              placeholder="hh:mm"
              onChange={({ detail }) => onChange({ ...choice, time: detail.value })}
            />
          </FormField>
        </SpaceBetween>
      )}
    </SpaceBetween>
  )
}
