/** What CreateCustomKeyStore and UpdateCustomKeyStore check whatever the type, in the order of OP-1. */
import { KmsError } from '../../base/errors.ts'
import { CUSTOM_KEY_STORES_PER_ACCOUNT_AND_REGION_MAX } from '../../base/limits.ts'
import type { RandomSource } from '../services.ts'
import type { Reader } from '../store.ts'
import type { CustomKeyStore } from './custom-key-store.ts'
import type { KeyStoreReader } from './key-store-records.ts'
import type { StoreSecrets } from './store-secrets.ts'

const ID_DIGITS = 17

/** SO-1. */
export function newStoreId(random: RandomSource): string {
  return `cks-${random
    .nonce(Math.ceil(ID_DIGITS / 2))
    .toString('hex')
    .slice(0, ID_DIGITS)}`
}

/** SO-4. @throws {KmsError} `LimitExceededException` */
export async function checkStoreQuota(reader: KeyStoreReader, { account, region }: CustomKeyStore): Promise<void> {
  const usage = await reader.countKeyStores(account, region)
  if (usage < CUSTOM_KEY_STORES_PER_ACCOUNT_AND_REGION_MAX) return
  const quota = `Custom key store quota for this account in this region is ${CUSTOM_KEY_STORES_PER_ACCOUNT_AND_REGION_MAX}`
  throw new KmsError('LimitExceededException', `${quota}, current usage is ${usage}.`)
}

/** @throws {KmsError} `CustomKeyStoreNameInUseException` */
export async function checkStoreName(reader: KeyStoreReader, candidate: CustomKeyStore): Promise<void> {
  const { account, region, name, storeId } = candidate
  const holder = await reader.findKeyStoreByName(account, region, name)
  if (holder === undefined || holder.storeId === storeId) return
  throw new KmsError('CustomKeyStoreNameInUseException', `Custom key store name ${name} is already in use.`)
}

/**
 * OP-1: the same request for a CloudHSM store once more, while that store is disconnected, makes no second one.
 *
 * @returns the store that is equal in everything that the caller gave.
 */
export async function storeLike(
  reader: Reader,
  secrets: StoreSecrets,
  candidate: CustomKeyStore,
): Promise<CustomKeyStore | undefined> {
  if (candidate.type !== 'AWS_CLOUDHSM') return undefined
  const { account, region, name, clusterId, trustAnchorCertificate } = candidate
  const found = await reader.findKeyStoreByName(account, region, name)
  if (found?.type !== 'AWS_CLOUDHSM' || found.connectionState !== 'DISCONNECTED') return undefined
  if (found.clusterId !== clusterId || found.trustAnchorCertificate !== trustAnchorCertificate) return undefined
  return (await haveSameSecret(secrets, found, candidate)) ? found : undefined
}

async function haveSameSecret(secrets: StoreSecrets, left: CustomKeyStore, right: CustomKeyStore): Promise<boolean> {
  const [one, other] = await Promise.all([secrets.open(left), secrets.open(right)])
  const areEqual = one.equals(other)
  one.fill(0)
  other.fill(0)
  return areEqual
}
