import FormField from '@cloudscape-design/components/form-field'
import Textarea from '@cloudscape-design/components/textarea'

interface Props {
  readonly label: string
  readonly text: string
  readonly isOptional?: boolean
  onChange(text: string): void
}

/** A JSON document. What the browser sees of its mistakes is shown while one types; the rest the service finds. */
export function DocumentEditor({ label, text, isOptional = false, onChange }: Props) {
  const fault = isOptional && text.trim() === '' ? undefined : jsonFault(text)
  return (
    <FormField label={label} stretch errorText={fault && `This is not JSON yet: ${fault}`}>
      <div className="document-editor">
        <Textarea
          value={text}
          rows={Math.min(30, Math.max(12, text.split('\n').length + 1))}
          onChange={({ detail }) => onChange(detail.value)}
          spellcheck={false}
          disableBrowserAutocorrect
          ariaLabel={label}
        />
      </div>
    </FormField>
  )
}

/** @returns what the parser says, `undefined` for JSON. */
function jsonFault(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** With line breaks, however it was stored; as it is if it is no JSON. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2)
  } catch {
    return text
  }
}
