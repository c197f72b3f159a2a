/** The look-ups of `domain/store.ts` over one view of the database: what is committed, or what a change sees. */
import type { MaybePromise, Reader } from '../domain/store.ts'
import { aliasNamesOf, countAliases, findAlias, listAliases } from './aliases.ts'
import {
  countKeyStores,
  countKeysInStore,
  findKeyIdByXksKey,
  findKeyStore,
  findKeyStoreByName,
  keyStoresIn,
  keyStoresOfClusters,
  listKeyStores,
  materialIdsInStore,
  unfinishedStoreKeys,
} from './custom-key-stores.ts'
import { findDeletionAlarm, newestDeletionAlarms } from './deletion-alarms.ts'
import type { Db } from './dialects/store-database.ts'
import { findDomainKey, listDomainKeys, newestDomainKey } from './domain-keys.ts'
import {
  countGrants,
  findGrant,
  findGrantByRetryDigest,
  findGrants,
  hasGrants,
  listGrants,
  listRetirableGrants,
} from './grants.ts'
import { createIdentityReader } from './identity-reader.ts'
import { findMaterial, listMaterials } from './key-materials.ts'
import { countKeys, findKey, findKeyByMaterial, listKeys } from './keys.ts'
import { findLastUsage, lastUsageTrackedSince } from './last-usage.ts'

/** A look at a store beside a server that may be running. */
export interface StoreSnapshot {
  readonly reader: Reader
  close(): MaybePromise<void>
}

export function createReader(db: Db): Reader {
  return {
    ...createIdentityReader(db),
    findKey: (name) => findKey(db, name),
    findKeyByMaterial: (region, materialId) => findKeyByMaterial(db, region, materialId),
    findAlias: (name) => findAlias(db, name),
    aliasNamesOf: (key) => aliasNamesOf(db, key),
    findGrants: (key, grantees) => findGrants(db, key, grantees),
    findGrant: (name) => findGrant(db, name),
    findGrantByRetryDigest: (key, digest) => findGrantByRetryDigest(db, key, digest),
    hasGrants: (key) => hasGrants(db, key),
    countGrants: (key) => countGrants(db, key),
    listGrants: (key, page, filter) => listGrants(db, key, page, filter),
    listRetirableGrants: (region, retiring, page, now) => listRetirableGrants(db, region, retiring, page, now),
    findMaterial: (region, materialId) => findMaterial(db, region, materialId),
    listMaterials: (key, page, filter) => listMaterials(db, key, page, filter),
    listKeys: (account, region, page, now) => listKeys(db, account, region, page, now),
    listAliases: (account, region, keyId, page, now) => listAliases(db, account, region, keyId, page, now),
    findLastUsage: (key) => findLastUsage(db, key),
    lastUsageTrackedSince: () => lastUsageTrackedSince(db),
    findDeletionAlarm: (key) => findDeletionAlarm(db, key),
    newestDeletionAlarms: (limit) => newestDeletionAlarms(db, limit),
    countKeys: (account, region) => countKeys(db, account, region),
    countAliases: (key) => countAliases(db, key),
    findKeyStore: (name) => findKeyStore(db, name),
    findKeyStoreByName: (account, region, name) => findKeyStoreByName(db, account, region, name),
    listKeyStores: (account, region, page) => listKeyStores(db, account, region, page),
    countKeyStores: (account, region) => countKeyStores(db, account, region),
    keyStoresOfClusters: (clusterIds) => keyStoresOfClusters(db, clusterIds),
    keyStoresIn: (states) => keyStoresIn(db, states),
    countKeysInStore: (name) => countKeysInStore(db, name),
    materialIdsInStore: (name, limit) => materialIdsInStore(db, name, limit),
    findKeyIdByXksKey: (name, xksKeyId) => findKeyIdByXksKey(db, name, xksKeyId),
    unfinishedStoreKeys: (before, limit) => unfinishedStoreKeys(db, before, limit),
    findDomainKey: (id) => findDomainKey(db, id),
    newestDomainKey: () => newestDomainKey(db),
    listDomainKeys: () => listDomainKeys(db),
  }
}
