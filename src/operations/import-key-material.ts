/** Takes key material in that was wrapped outside (operations.md 3.31, lifecycle.md 4.5; the order of checks is IMP-47). */
import { javaDate } from '../audit/audit-record.ts'
import { DAY_MS } from '../base/clock.ts'
import { validationError } from '../base/errors.ts'
import { blob, enumeration, type Infer, optional, string, structure, timestamp } from '../base/schema.ts'
import {
  associateMaterial,
  effectiveImportType,
  IMPORT_TYPES,
  type ImportChoices,
} from '../domain/imports/imported-materials.ts'
import type { ReceivedMaterial } from '../domain/imports/key-imports.ts'
import type { Key } from '../domain/keys/key.ts'
import { keyTypeOf } from '../domain/keys/key-specs.ts'
import { isReplica } from '../domain/keys/multi-region.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { IMPORTABLE } from './shapes/key-states.ts'
import { keyId, keyMaterialId } from './shapes/members.ts'

const VALIDITY_MS_MAX = 365 * DAY_MS

const input = structure({
  KeyId: keyId,
  ImportToken: blob(1, 6144),
  EncryptedKeyMaterial: blob(1, 6144),
  ValidTo: optional(timestamp()),
  ExpirationModel: optional(enumeration(['KEY_MATERIAL_EXPIRES', 'KEY_MATERIAL_DOES_NOT_EXPIRE'])),
  ImportType: optional(enumeration(IMPORT_TYPES)),
  KeyMaterialDescription: optional(string({ min: 0, max: 256, pattern: '^[a-zA-Z0-9:/_\\s.-]+$' })),
  KeyMaterialId: optional(keyMaterialId),
})

type Input = Infer<typeof input>

/** Stored in whole seconds (IMP-42). */
function validToOf({ ValidTo }: Input): number | undefined {
  return ValidTo === undefined ? undefined : Math.floor(ValidTo / 1000) * 1000
}

/** IMP-42. What counts is the date that would be stored. */
function checkExpiration(input: Input, now: number): void {
  const model = input.ExpirationModel ?? 'KEY_MATERIAL_EXPIRES'
  const validTo = validToOf(input)
  if (model === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (validTo === undefined) return
    throw validationError('A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE')
  }
  if (validTo === undefined) {
    throw validationError('A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES')
  }
  if (validTo <= now) throw validationError('ValidTo must be in the future')
  if (validTo >= now + VALIDITY_MS_MAX) throw validationError('ValidTo must be less than 365 days in the future')
}

function refuseIdOfNewMaterial({ KeyMaterialId }: Input): void {
  if (KeyMaterialId === undefined) return
  throw validationError('Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType.')
}

function isSymmetric({ spec }: Key): boolean {
  return keyTypeOf(spec) === 'SYMMETRIC'
}

/** IMP-43 to IMP-45, IMP-81, IMP-83. */
function checkForKey(key: Key, input: Input): void {
  if (!isSymmetric(key)) {
    const { ImportType: importType, KeyMaterialDescription: keyMaterialDescription, KeyMaterialId } = input
    const symmetricOnly = { importType, keyMaterialDescription, keyMaterialId: KeyMaterialId }
    const given = Object.entries(symmetricOnly).find(([, value]) => value !== undefined)
    if (given === undefined) return
    throw validationError(`Input parameter ${given[0]} cannot be used with ${key.spec} imported keys.`)
  }
  if (isReplica(key)) checkForReplica(input)
  if (effectiveImportType(key, input.ImportType) === 'NEW_KEY_MATERIAL') refuseIdOfNewMaterial(input)
}

/** IMP-81, IMP-83: what a replica imports is what its primary has, under the name that it has there. */
function checkForReplica({ ImportType, KeyMaterialDescription }: Input): void {
  if (ImportType === 'NEW_KEY_MATERIAL') {
    throw validationError('Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys')
  }
  if (KeyMaterialDescription !== undefined) {
    throw validationError('Key material description can only be specified on primary Multi-Region keys')
  }
}

function choicesOf(input: Input): ImportChoices {
  return {
    importType: input.ImportType,
    materialId: input.KeyMaterialId,
    description: input.KeyMaterialDescription,
    validTo: validToOf(input),
  }
}

interface Output {
  readonly KeyId: string
  /** Of symmetric encryption keys only. */
  readonly KeyMaterialId?: string
}

export const ImportKeyMaterial = defineChange({
  name: 'ImportKeyMaterial',
  input,
  check(input, { time }) {
    checkExpiration(input, time)
    if (input.ImportType === 'NEW_KEY_MATERIAL') refuseIdOfNewMaterial(input)
  },
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:ImportKeyMaterial',
      origins: ['EXTERNAL'],
      keyStates: IMPORTABLE,
      // Absent where the request leaves them out, the default notwithstanding (authorization.md 3.2). Whole seconds.
      conditionKeys: (input) => ({
        'kms:ExpirationModel': input.ExpirationModel,
        'kms:ValidTo': input.ValidTo === undefined ? undefined : String(validToOf(input)! / 1000),
      }),
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId, ValidTo, ExpirationModel, ImportType, KeyMaterialDescription }) => ({
      keyId: KeyId,
      validTo: ValidTo === undefined ? undefined : javaDate(ValidTo),
      expirationModel: ExpirationModel,
      importType: ImportType,
      keyMaterialDescription: KeyMaterialDescription,
    }),
    response: (output: Output) => ({ keyId: output.KeyId, keyMaterialId: output.KeyMaterialId }),
  },
  prepare(input, { resources: [{ key }], call, keyImports }): Promise<ReceivedMaterial> {
    checkForKey(key, input)
    return keyImports.receive(key, input.ImportToken, input.EncryptedKeyMaterial, call.time)
  },
  async handler(input, { resources: [{ key }], call, change, recordEvent }, received) {
    // Again, on what the transaction sees: the first import may have come in between.
    checkForKey(key, input)
    const events = await associateMaterial(change, key, received, choicesOf(input), call.time)
    for (const event of events) recordEvent(event)
    return { KeyId: key.arn, ...(isSymmetric(key) && { KeyMaterialId: received.materialId }) }
  },
})
