import { GetKeyPolicyCommand, ReplicateKeyCommand } from '@aws-sdk/client-kms'
import Autosuggest from '@cloudscape-design/components/autosuggest'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import { useState } from 'react'
import { useLoaded } from '../../aws/use-loaded.ts'
import { isRegionName, REGIONS } from '../../session/regions.ts'
import { useSignedIn } from '../../session/signed-in.ts'
import { ActionDialog } from '../../shell/action-dialog.tsx'
import { DocumentEditor, prettyJson } from '../../shell/document-editor.tsx'
import { LoadedPart } from '../../shell/loaded-part.tsx'
import { useNotices } from '../../shell/notices.tsx'
import type { RegionDialogProps } from './region-dialog-props.ts'

/** Each replica has a policy, a description, aliases and tags of its own; the policy begins as a copy of the primary's. */
export function CreateReplicaDialog({ metadata, regions, onDone, onClose }: RegionDialogProps) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const { KeyId } = metadata
  const stored = useLoaded(async () => {
    const { Policy = '' } = await kms.send(new GetKeyPolicyCommand({ KeyId }))
    setPolicy(prettyJson(Policy))
    return Policy
  }, [kms, KeyId])
  const [region, setRegion] = useState('')
  const [description, setDescription] = useState(metadata.Description ?? '')
  const [policy, setPolicy] = useState('')
  const options = REGIONS.filter(({ name }) => !regions.includes(name))

  async function replicate(): Promise<void> {
    const { ReplicaKeyMetadata } = await kms.send(
      new ReplicateKeyCommand({
        KeyId,
        ReplicaRegion: region.trim(),
        Description: description,
        // Without one the replica gets the default policy.
        Policy: policy.trim() || undefined,
      }),
    )
    notices.succeeded(`The key has a replica in ${region.trim()}.`, { content: ReplicaKeyMetadata?.Arn })
    onDone()
  }

  return (
    <ActionDialog
      title="Create new replica key"
      action={`replicate the key to ${region || 'another Region'}`}
      confirm="Create replica key"
      size="large"
      isReady={isRegionName(region.trim())}
      onConfirm={replicate}
      onClose={onClose}
    >
      <FormField label="Replica Region">
        <Autosuggest
          value={region}
          options={options.map(({ name, place }) => ({ value: name, description: place }))}
          placeholder="eu-central-1"
          enteredTextLabel={(value) => `Use "${value}"`}
          onChange={({ detail }) => setRegion(detail.value)}
          ariaLabel="Replica Region"
        />
      </FormField>
      <FormField label="Description - optional">
        <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
      </FormField>
      <LoadedPart loaded={stored} action="copy the policy of the primary key">
        {() => <DocumentEditor label="Key policy of the replica" text={policy} isOptional onChange={setPolicy} />}
      </LoadedPart>
    </ActionDialog>
  )
}
