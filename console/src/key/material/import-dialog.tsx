import {
  type GetParametersForImportCommandOutput,
  ImportKeyMaterialCommand,
  type ImportType,
  type KeyMetadata,
  type RotationsListEntry,
} from '@aws-sdk/client-kms'
import Box from '@cloudscape-design/components/box'
import FileUpload from '@cloudscape-design/components/file-upload'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useState } from 'react'
import { useSignedIn } from '../../session/signed-in.ts'
import { ActionDialog } from '../../shell/action-dialog.tsx'
import { useNotices } from '../../shell/notices.tsx'
import { Expiry, expiryOf, NEVER } from './expiry.tsx'
import { ImportParameters } from './import-parameters.tsx'
import { materialOption } from './material-option.ts'
import { materialFormat } from './wrapping.ts'

interface Props {
  readonly metadata: KeyMetadata
  readonly materials: readonly RotationsListEntry[]
  onDone(): void
  onClose(): void
}

const NEW_MATERIAL = { value: 'NEW_KEY_MATERIAL', label: 'New key material, to rotate to' } as const

/** Step 1 gets the wrapping key and the token, step 2 brings what was wrapped with it, at once or another day. */
export function ImportDialog({ metadata, materials, onDone, onClose }: Props) {
  const { kms } = useSignedIn()
  const notices = useNotices()
  const { KeyId, KeySpec } = metadata
  const [parameters, setParameters] = useState<GetParametersForImportCommandOutput>()
  const [material, setMaterial] = useState<readonly File[]>([])
  const [token, setToken] = useState<readonly File[]>([])
  const [expiry, setExpiry] = useState(NEVER)
  const [description, setDescription] = useState('')
  const known = materials.map(materialOption)
  const current = known.find(({ isCurrent }) => isCurrent)
  const targets = [...known.map((option) => ({ ...option, label: `Again: ${option.label}` })), NEW_MATERIAL]
  const [target, setTarget] = useState<(typeof targets)[number]>(
    targets.find(({ value }) => value === current?.value) ?? targets[0]!,
  )
  const isSymmetric = KeySpec === 'SYMMETRIC_DEFAULT'
  const isReady =
    material[0] !== undefined &&
    (token[0] !== undefined || parameters !== undefined) &&
    (!expiry.expires || expiryOf(expiry) !== undefined)

  async function send(): Promise<void> {
    const ValidTo = expiryOf(expiry)
    await kms.send(
      new ImportKeyMaterialCommand({
        KeyId,
        EncryptedKeyMaterial: await bytesOf(material[0]!),
        ImportToken: token[0] === undefined ? parameters!.ImportToken : await bytesOf(token[0]),
        ExpirationModel: ValidTo === undefined ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES',
        ValidTo,
        ...(known.length > 0 && importTarget(target.value)),
        ...(isSymmetric && description !== '' && { KeyMaterialDescription: description }),
      }),
    )
    notices.succeeded('The key material is imported.')
    onDone()
  }

  return (
    <ActionDialog
      title="Import key material"
      action="import the key material"
      confirm="Upload key material"
      size="large"
      isReady={isReady}
      onConfirm={send}
      onClose={onClose}
    >
      <ImportParameters metadata={metadata} parameters={parameters} onParameters={setParameters} />
      <SpaceBetween size="m">
        <Box variant="h3">Step 2: Upload your wrapped key material</Box>
        {known.length > 0 && (
          <FormField label="Import as">
            <Select
              selectedOption={target}
              options={targets}
              onChange={({ detail }) => setTarget(targets.find(({ value }) => value === detail.selectedOption.value)!)}
            />
          </FormField>
        )}
        <OneFile
          label="Wrapped key material"
          constraint={`The output of wrapping ${materialFormat(KeySpec)}.`}
          files={material}
          onChange={setMaterial}
        />
        <OneFile
          label="Import token"
          constraint={
            parameters
              ? 'The token of step 1 is used unless you choose a file.'
              : 'The file that came with the wrapping public key.'
          }
          files={token}
          onChange={setToken}
        />
        <Expiry choice={expiry} onChange={setExpiry} />
        {isSymmetric && (
          <FormField label="Key material description - optional">
            <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
          </FormField>
        )}
      </SpaceBetween>
    </ActionDialog>
  )
}

function importTarget(value: string): { ImportType: ImportType; KeyMaterialId?: string } {
  if (value === NEW_MATERIAL.value) return { ImportType: 'NEW_KEY_MATERIAL' }
  return { ImportType: 'EXISTING_KEY_MATERIAL', KeyMaterialId: value }
}

async function bytesOf(file: File): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer())
}

interface FileProps {
  readonly label: string
  readonly constraint: string
  readonly files: readonly File[]
  onChange(files: readonly File[]): void
}

function OneFile({ label, constraint, files, onChange }: FileProps) {
  return (
    <FormField label={label} constraintText={constraint}>
      <FileUpload
        value={files}
        onChange={({ detail }) => onChange(detail.value)}
        showFileSize
        i18nStrings={{
          uploadButtonText: () => 'Choose file',
          dropzoneText: () => 'Drop file to upload',
          removeFileAriaLabel: () => `Remove the file of ${label}`,
          limitShowFewer: 'Show fewer files',
          limitShowMore: 'Show more files',
          errorIconAriaLabel: 'Error',
        }}
      />
    </FormField>
  )
}
