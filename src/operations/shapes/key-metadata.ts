/** KeyMetadata (operations.md section 6): what CreateKey, ReplicateKey and DescribeKey tell about a key. */
import { type AuditFields, javaDate } from '../../audit/audit-record.ts'
import type { KeyStorePlace } from '../../domain/key-stores/key-store-place.ts'
import {
  arnOf,
  isMaterialMissing,
  type Key,
  type KeyState,
  type KeyUsage,
  keyState,
  type MultiRegionSet,
} from '../../domain/keys/key.ts'
import { algorithmsOf } from '../../domain/keys/key-specs.ts'
import { isReplica } from '../../domain/keys/multi-region.ts'
import { shownMaterialId } from './encryption.ts'

const ALGORITHMS_MEMBER = {
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  SIGN_VERIFY: 'SigningAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
  GENERATE_VERIFY_MAC: 'MacAlgorithms',
} as const satisfies Record<KeyUsage, string>

interface KeyInRegion {
  readonly Arn: string
  readonly Region: string
}

/** Members in the model's order. */
export interface KeyMetadata {
  readonly AWSAccountId: string
  readonly KeyId: string
  readonly Arn: string
  /** Seconds since the epoch, as all dates here. */
  readonly CreationDate: number
  readonly Enabled: boolean
  readonly Description: string
  readonly KeyUsage: KeyUsage
  readonly KeyState: KeyState
  readonly DeletionDate?: number
  readonly ValidTo?: number
  readonly Origin: string
  readonly CustomKeyStoreId?: string
  readonly CloudHsmClusterId?: string
  readonly ExpirationModel?: 'KEY_MATERIAL_EXPIRES' | 'KEY_MATERIAL_DOES_NOT_EXPIRE'
  readonly KeyManager: string
  readonly CustomerMasterKeySpec: string
  readonly KeySpec: string
  readonly EncryptionAlgorithms?: readonly string[]
  readonly SigningAlgorithms?: readonly string[]
  readonly KeyAgreementAlgorithms?: readonly string[]
  readonly MultiRegion: boolean
  readonly MultiRegionConfiguration?: {
    readonly MultiRegionKeyType: 'PRIMARY' | 'REPLICA'
    readonly PrimaryKey: KeyInRegion
    readonly ReplicaKeys: readonly KeyInRegion[]
  }
  readonly PendingDeletionWindowInDays?: number
  readonly MacAlgorithms?: readonly string[]
  readonly XksKeyConfiguration?: { readonly Id: string }
  readonly CurrentKeyMaterialId?: string
}

/** The one list of algorithms that fits the key's usage. */
export function algorithmsMember(key: Key): Readonly<Record<string, readonly string[]>> {
  return { [ALGORITHMS_MEMBER[key.usage]]: algorithmsOf(key) }
}

/** @param now the time of the call. */
export function keyMetadata(key: Key, now: number): KeyMetadata {
  const state = keyState(key, now)
  const algorithms = algorithmsMember(key)
  // CRE-20: only while no permanently associated material is missing, whatever else is the matter with the key.
  const isComplete = key.importedMaterial !== undefined && !isMaterialMissing(key.importedMaterial, now)
  const validTo = isComplete ? key.importedMaterial.validTo : undefined
  const materialId = shownMaterialId(key, key.currentMaterialId)
  // HMAC keys list theirs further down.
  const isMac = key.usage === 'GENERATE_VERIFY_MAC'
  return {
    AWSAccountId: key.account,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: key.createdAt / 1000,
    Enabled: state === 'Enabled',
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: state,
    ...(key.deletion?.date !== undefined && { DeletionDate: key.deletion.date / 1000 }),
    ...(validTo !== undefined && { ValidTo: validTo / 1000 }),
    Origin: key.origin,
    ...(key.customKeyStore && storeMembers(key.customKeyStore)),
    ...(isComplete && {
      ExpirationModel: validTo === undefined ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES',
    }),
    KeyManager: key.manager,
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    ...(!isMac && algorithms),
    MultiRegion: key.multiRegion,
    ...(key.multiRegionSet && { MultiRegionConfiguration: multiRegionConfiguration(key, key.multiRegionSet) }),
    ...(state === 'PendingReplicaDeletion' && { PendingDeletionWindowInDays: key.deletion!.windowInDays }),
    ...(isMac && algorithms),
    ...(key.customKeyStore?.xksKeyId !== undefined && { XksKeyConfiguration: { Id: key.customKeyStore.xksKeyId } }),
    ...(materialId !== undefined && { CurrentKeyMaterialId: materialId }),
  }
}

function storeMembers({ storeId, clusterId }: KeyStorePlace) {
  return { CustomKeyStoreId: storeId, ...(clusterId !== undefined && { CloudHsmClusterId: clusterId }) }
}

/** The same in every member but for the type; a replica is itself in the list. */
function multiRegionConfiguration(key: Key, { primaryRegion, replicaRegions }: MultiRegionSet) {
  const { account, keyId } = key
  const inRegion = (region: string): KeyInRegion => ({ Arn: arnOf({ account, region, keyId }), Region: region })
  return {
    MultiRegionKeyType: isReplica(key) ? 'REPLICA' : 'PRIMARY',
    PrimaryKey: inRegion(primaryRegion),
    ReplicaKeys: replicaRegions.map(inRegion),
  } as const
}

/**
 * What ReplicateKey says of the replica that it is making (operations.md 3.41, 6.2): a moment later it is Enabled, or
 * PendingImport.
 */
export function creatingMetadata(replica: Key, primary: Key, now: number): KeyMetadata {
  const { CurrentKeyMaterialId: _, ...metadata } = keyMetadata(replica, now)
  const { ExpirationModel } = keyMetadata(primary, now)
  return { ...metadata, Enabled: false, KeyState: 'Creating', ...(ExpirationModel && { ExpirationModel }) }
}

/** The members that audit.md 4.3 lists, and those that say where a key in a store is (ct-createkey), under the names of AWS's records. */
export function auditedKeyMetadata(metadata: KeyMetadata): AuditFields {
  return {
    aWSAccountId: metadata.AWSAccountId,
    keyId: metadata.KeyId,
    arn: metadata.Arn,
    creationDate: javaDate(metadata.CreationDate * 1000),
    enabled: metadata.Enabled,
    description: metadata.Description,
    keyUsage: metadata.KeyUsage,
    keyState: metadata.KeyState,
    origin: metadata.Origin,
    customKeyStoreId: metadata.CustomKeyStoreId,
    cloudHsmClusterId: metadata.CloudHsmClusterId,
    keyManager: metadata.KeyManager,
    keySpec: metadata.KeySpec,
    customerMasterKeySpec: metadata.CustomerMasterKeySpec,
    encryptionAlgorithms: metadata.EncryptionAlgorithms,
    signingAlgorithms: metadata.SigningAlgorithms,
    keyAgreementAlgorithms: metadata.KeyAgreementAlgorithms,
    macAlgorithms: metadata.MacAlgorithms,
    multiRegion: metadata.MultiRegion,
    xksKeyConfiguration: metadata.XksKeyConfiguration && { id: metadata.XksKeyConfiguration.Id },
  }
}

/** ReplicateKey's record has the set too. */
export function auditedReplicaMetadata(metadata: KeyMetadata): AuditFields {
  const { MultiRegionKeyType, PrimaryKey, ReplicaKeys } = metadata.MultiRegionConfiguration!
  const audited = ({ Arn, Region }: KeyInRegion) => ({ arn: Arn, region: Region })
  return {
    ...auditedKeyMetadata(metadata),
    multiRegionConfiguration: {
      multiRegionKeyType: MultiRegionKeyType,
      primaryKey: audited(PrimaryKey),
      replicaKeys: ReplicaKeys.map(audited),
    },
  }
}
