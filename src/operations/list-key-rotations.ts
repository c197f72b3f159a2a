/** The rotations that a key has had, or all of its materials (operations.md 3.35, lifecycle.md 3.6). */
import { validationError } from '../base/errors.ts'
import { enumeration, optional, structure } from '../base/schema.ts'
import { isPermanent } from '../domain/keys/imported-material.ts'
import type { Key } from '../domain/keys/key.ts'
import { SYMMETRIC_DEFAULT } from '../domain/keys/key-specs.ts'
import type { StoredKeyMaterial } from '../domain/store.ts'
import { defineOperation, keyNamed } from '../pipeline/operation.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { keyId, limit, marker } from './shapes/members.ts'
import { page, pageLimit, pageStart } from './shapes/pagination.ts'

function entryOf({ arn }: Key, material: StoredKeyMaterial, now: number) {
  const { materialId, state, rotation } = material
  return {
    KeyId: arn,
    KeyMaterialId: materialId,
    ...importMembers(material, now),
    KeyMaterialState: state,
    ...(rotation && { RotationDate: rotation.date / 1000, RotationType: rotation.type }),
  }
}

/** A pending material that has expired still counts as imported (IMP-60); any other is missing from that moment on. */
function importMembers(material: StoredKeyMaterial, now: number) {
  const { imported } = material
  if (imported === undefined) return undefined
  const { isPresent, validTo, description } = imported
  const isExpired = validTo !== undefined && validTo <= now
  const isImported = isPresent && !(isExpired && isPermanent(material))
  return {
    ...(description !== undefined && { KeyMaterialDescription: description }),
    ImportState: isImported ? 'IMPORTED' : 'PENDING_IMPORT',
    ...(isImported && expiration(validTo)),
  }
}

function expiration(validTo: number | undefined) {
  if (validTo === undefined) return { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
  return { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: validTo / 1000 }
}

export const ListKeyRotations = defineOperation({
  name: 'ListKeyRotations',
  input: structure({
    KeyId: keyId,
    IncludeKeyMaterial: optional(enumeration(['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY'])),
    Limit: limit,
    Marker: marker,
  }),
  uses: [
    { on: 'key', locate: ({ KeyId }) => keyNamed(KeyId), permission: 'kms:ListKeyRotations', keyStates: ANY_STATE },
  ],
  audit: {
    readOnly: true,
    // What is included is not in AWS's list of these records (audit.md 4.2).
    parameters: ({ KeyId, Limit, Marker }) => ({ keyId: KeyId, limit: Limit, marker: Marker }),
  },
  async handler(input, { resources: [{ key }], call, store }) {
    const { IncludeKeyMaterial } = input
    if (IncludeKeyMaterial !== undefined && key.spec !== SYMMETRIC_DEFAULT) {
      throw validationError('Input parameter includeKeyMaterial can only be used with symmetric keys.')
    }
    // ROT-54: keys in custom key stores never rotate, and their material is nothing to be listed.
    if (key.customKeyStore !== undefined) return { Rotations: [], Truncated: false }
    const filter = IncludeKeyMaterial === 'ALL_KEY_MATERIAL' ? 'all' : 'rotated'
    const scope = ['ListKeyRotations', key.arn, filter]
    const size = pageLimit(input, 100, 1000)
    const found = await store.listMaterials(key, { after: pageStart(input, scope), limit: size + 1 }, filter)
    const { items, end } = page(found, size, scope, ({ materialId }) => materialId)
    return { Rotations: items.map((material) => entryOf(key, material, call.time)), ...end }
  },
})
