/** The key materials of a symmetric key, in order of their rotation, with those that wait or were never used for one. */
import { type KMSClient, ListKeyRotationsCommand, type RotationsListEntry } from '@aws-sdk/client-kms'
import { allPages } from '../../aws/all-pages.ts'

export async function listMaterials(kms: KMSClient, keyId: string): Promise<readonly RotationsListEntry[]> {
  const { items } = await allPages(
    (Marker) => kms.send(new ListKeyRotationsCommand({ KeyId: keyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL', Marker })),
    ({ Rotations }) => Rotations,
  )
  return items
}
