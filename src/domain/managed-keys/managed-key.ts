/** AWS managed keys: one for each service that an account uses in a Region, made at its first use (lifecycle.md section 7). */
import type { Alias } from '../aliases.ts'
import { arnOf, type Key } from '../keys/key.ts'
import { SYMMETRIC_DEFAULT } from '../keys/key-specs.ts'
import type { LocatedKey, Namespace } from '../keys/locate-key.ts'
import { newKeyId } from '../keys/new-key.ts'
import { rotationEvery } from '../keys/rotation.ts'
import type { RandomSource } from '../services.ts'
import { type ManagingService, managingService } from './predefined.ts'
import { servicePolicy } from './service-policy.ts'

/** MGD-4. */
const ROTATION_PERIOD_IN_DAYS = 365

/** The key as it will be made, but for its material: for deciding whether the caller may have it made. */
function keyToBe(service: ManagingService, { account, region, time }: Namespace, random: RandomSource): Key {
  const name = { account, region, keyId: newKeyId(random, false) }
  return Object.freeze({
    ...name,
    arn: arnOf(name),
    spec: SYMMETRIC_DEFAULT,
    usage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    manager: 'AWS',
    multiRegion: false,
    multiRegionSet: undefined,
    description: `Default key that protects my ${service.protects} when no other key is defined`,
    createdAt: time,
    enabled: true,
    deletion: undefined,
    currentMaterialId: undefined,
    tags: [],
    policy: servicePolicy(service, account, region),
    rotation: rotationEvery(ROTATION_PERIOD_IN_DAYS, time),
    onDemandRotations: 0,
    importedMaterial: undefined,
    customKeyStore: undefined,
  })
}

/**
 * What was found, or, if that is a predefined alias of the caller's account without a key, the key that an allowed call makes.
 */
export function orKeyToBe(found: LocatedKey, here: Namespace, random: RandomSource): LocatedKey {
  const { requestAlias, account, missing } = found
  const service = missing !== undefined && account === here.account ? managingService(requestAlias) : undefined
  if (service === undefined) return found
  const key = keyToBe(service, here, random)
  return { arn: key.arn, account, key, requestAlias: requestAlias!, isToBeMade: true }
}

/** The alias that finds a new AWS managed key. */
export function managedAlias({ account, region, keyId, createdAt }: Key, aliasName: string): Alias {
  return { account, region, aliasName, keyId, createdAt, updatedAt: createdAt }
}

/** Until it has rotated for the first time, an AWS managed key does not tell that it will (ROT-20). */
export function hidesRotation({ manager, createdAt, rotation }: Key): boolean {
  if (manager !== 'AWS' || rotation === undefined) return false
  return rotation.nextRotationAt <= rotationEvery(ROTATION_PERIOD_IN_DAYS, createdAt).nextRotationAt
}
