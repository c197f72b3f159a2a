import { CreateGrantCommand, type GrantOperation, type KeyMetadata } from '@aws-sdk/client-kms'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import Multiselect, { type MultiselectProps } from '@cloudscape-design/components/multiselect'
import RadioGroup from '@cloudscape-design/components/radio-group'
import { useState } from 'react'
import { useSignedIn } from '../../session/signed-in.ts'
import { ActionDialog } from '../../shell/action-dialog.tsx'
import { useNotices } from '../../shell/notices.tsx'
import { type ContextMatch, ContextPairs, contextConstraint, type Pair } from './context-pairs.tsx'
import { grantOperations } from './grant-operations.ts'

interface Props {
  readonly metadata: KeyMetadata
  onClose(): void
  onDone(): void
}

export function CreateGrantDialog({ metadata, onClose, onDone }: Props) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const [name, setName] = useState('')
  const [grantee, setGrantee] = useState('')
  const [retiring, setRetiring] = useState('')
  const [operations, setOperations] = useState<readonly MultiselectProps.Option[]>([])
  const [match, setMatch] = useState<ContextMatch>('none')
  const [context, setContext] = useState<readonly Pair[]>([{ name: '', value: '' }])
  const isCipher = metadata.KeySpec === 'SYMMETRIC_DEFAULT'

  async function create(): Promise<void> {
    const { GrantId } = await kms.send(
      new CreateGrantCommand({
        KeyId: metadata.KeyId,
        GranteePrincipal: grantee.trim(),
        RetiringPrincipal: retiring.trim() || undefined,
        Name: name.trim() || undefined,
        Operations: operations.map(({ value }) => value as GrantOperation),
        Constraints: contextConstraint(match, context),
      }),
    )
    notices.succeeded('The grant is created.', { content: `Grant ID: ${GrantId}` })
    onDone()
  }

  return (
    <ActionDialog
      title="Create grant"
      action="create the grant"
      confirm="Create grant"
      size="large"
      isReady={grantee.trim() !== '' && operations.length > 0}
      onConfirm={create}
      onClose={onClose}
    >
      <FormField label="Grantee principal" constraintText="The ARN of an account, a user, a role or a session.">
        <Input
          value={grantee}
          placeholder="arn:aws:iam::111122223333:role/name"
          onChange={({ detail }) => setGrantee(detail.value)}
        />
      </FormField>
      <FormField label="Operations">
        <Multiselect
          selectedOptions={operations}
          options={grantOperations(metadata).map((value) => ({ value, label: value }))}
          placeholder="Choose operations"
          deselectAriaLabel={({ label }) => `Remove ${label}`}
          onChange={({ detail }) => setOperations(detail.selectedOptions)}
        />
      </FormField>
      <FormField label="Retiring principal - optional" constraintText="Who may retire the grant beside the grantee.">
        <Input value={retiring} onChange={({ detail }) => setRetiring(detail.value)} />
      </FormField>
      <FormField
        label="Name - optional"
        constraintText="The same request with the same name does not make a second grant."
      >
        <Input value={name} onChange={({ detail }) => setName(detail.value)} />
      </FormField>
      {isCipher && (
        <FormField label="Encryption context">
          <RadioGroup
            value={match}
            onChange={({ detail }) => setMatch(detail.value as ContextMatch)}
            items={[
              { value: 'none', label: 'Any' },
              { value: 'subset', label: 'Includes these pairs' },
              { value: 'equals', label: 'Is exactly these pairs' },
            ]}
          />
        </FormField>
      )}
      {match !== 'none' && <ContextPairs pairs={context} onChange={setContext} />}
    </ActionDialog>
  )
}
