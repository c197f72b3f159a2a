import { UpdatePrimaryRegionCommand } from '@aws-sdk/client-kms'
import Box from '@cloudscape-design/components/box'
import FormField from '@cloudscape-design/components/form-field'
import Select from '@cloudscape-design/components/select'
import { useState } from 'react'
import { placeOf } from '../../session/regions.ts'
import { useSignedIn } from '../../session/signed-in.ts'
import { ActionDialog } from '../../shell/action-dialog.tsx'
import { useNotices } from '../../shell/notices.tsx'
import type { RegionDialogProps } from './region-dialog-props.ts'

export function ChangePrimaryDialog({ metadata, regions, onDone, onClose }: RegionDialogProps) {
  const { kms, region } = useSignedIn()
  const notices = useNotices()
  const options = regions
    .filter((name) => name !== region)
    .map((name) => ({ value: name, label: name, description: placeOf(name) }))
  const [chosen, setChosen] = useState(options[0]!)

  async function change(): Promise<void> {
    await kms.send(new UpdatePrimaryRegionCommand({ KeyId: metadata.KeyId, PrimaryRegion: chosen.value }))
    notices.succeeded(`The primary key is in ${chosen.value} now.`)
    onDone()
  }

  return (
    <ActionDialog
      title="Change primary Region"
      action={`make ${chosen.value} the primary Region`}
      confirm="Change primary Region"
      onConfirm={change}
      onClose={onClose}
    >
      <Box variant="p">
        {`The key in ${region} becomes a replica, and the one you choose the primary. Neither stops working.`}
      </Box>
      <FormField label="New primary Region">
        <Select
          selectedOption={chosen}
          options={options}
          onChange={({ detail }) => setChosen(options.find(({ value }) => value === detail.selectedOption.value)!)}
        />
      </FormField>
    </ActionDialog>
  )
}
