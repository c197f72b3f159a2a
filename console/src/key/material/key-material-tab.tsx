import { GetKeyRotationStatusCommand } from '@aws-sdk/client-kms'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useLoaded } from '../../aws/use-loaded.ts'
import { useSignedIn } from '../../session/signed-in.ts'
import { LoadedPart } from '../../shell/loaded-part.tsx'
import type { TabProps } from '../tab-props.ts'
import { AutomaticRotation } from './automatic-rotation.tsx'
import { ImportedMaterial } from './imported-material.tsx'
import { listMaterials } from './materials.ts'
import { MaterialsTable } from './materials-table.tsx'

/**
 * What AWS's console has under "Key material and rotations": rotation for symmetric keys, import for keys of external origin.
 * A key that is neither has no such tab.
 */
export default function KeyMaterialTab({ metadata, onChange }: TabProps) {
  const { kms } = useSignedIn()
  const { KeyId, KeySpec, Origin, KeyManager } = metadata
  const hasRotations = KeySpec === 'SYMMETRIC_DEFAULT'
  const status = useLoaded(
    async () => (hasRotations ? kms.send(new GetKeyRotationStatusCommand({ KeyId })) : undefined),
    [kms, KeyId, hasRotations],
  )
  const materials = useLoaded(async () => (hasRotations ? listMaterials(kms, KeyId!) : []), [kms, KeyId, hasRotations])
  const done = () => {
    status.reload()
    materials.reload()
    onChange()
  }
  const shared = { metadata, onDone: done }
  return (
    <SpaceBetween size="l">
      {Origin === 'EXTERNAL' && <ImportedMaterial {...shared} materials={materials.value ?? []} />}
      {hasRotations && Origin === 'AWS_KMS' && (
        <LoadedPart loaded={status} action="view the rotation of the key">
          {(value) => value && <AutomaticRotation {...shared} status={value} canEdit={KeyManager === 'CUSTOMER'} />}
        </LoadedPart>
      )}
      {hasRotations && <MaterialsTable {...shared} materials={materials} status={status.value} />}
    </SpaceBetween>
  )
}
