/** The writes of one transaction, each of which notes what it touched. */
import { aliasRef } from '../domain/aliases.ts'
import { keyStoreRef } from '../domain/key-stores/custom-key-store.ts'
import { keyRef } from '../domain/keys/key.ts'
import type { Change, ChangeNotice } from '../domain/store.ts'
import { deleteAlias, deleteAliasesOfKey, insertAlias, updateAlias } from './aliases.ts'
import { insertAuditRecord } from './audit-outbox.ts'
import {
  deleteKeyStore,
  deleteUnfinishedStoreKey,
  insertKeyStore,
  insertUnfinishedStoreKey,
  updateKeyStore,
} from './custom-key-stores.ts'
import { deleteDeletionAlarm } from './deletion-alarms.ts'
import type { Db } from './dialects/store-database.ts'
import { deleteDomainKey, insertDomainKey, rewrapDomainKey, setDomainKeyUnused } from './domain-keys.ts'
import { insertEvent } from './event-outbox.ts'
import { deleteGrant, deleteGrantsOfKey, insertGrant } from './grants.ts'
import { createIdentityChange } from './identity-change.ts'
import { deleteMaterial, deleteMaterialsOfKey, insertMaterial, updateMaterial } from './key-materials.ts'
import { deleteKey, insertKey, updateKey } from './keys.ts'
import { deleteLastUsage } from './last-usage.ts'
import { createReader } from './reader.ts'
import { replaceToken } from './resting-tokens.ts'

/** What a change touched so far. */
export interface Touched {
  /** One per subject, in the order first touched. */
  notices(): readonly ChangeNotice[]
  readonly erased: boolean
}

export function createChange(db: Db): { readonly change: Change; readonly touched: Touched } {
  const notices = new Map<string, ChangeNotice>()
  let erased = false

  function touch(kind: ChangeNotice['kind'], subject: string): void {
    notices.set(`${kind} ${subject}`, { kind, subject })
  }

  const change: Change = {
    ...createReader(db),
    ...createIdentityChange(db, touch),
    async insertKey(key, materials) {
      await insertKey(db, key)
      for (const material of materials) await insertMaterial(db, material)
      touch('key', keyRef(key))
    },
    async updateKey(key) {
      await updateKey(db, key)
      touch('key', keyRef(key))
    },
    async insertMaterial(material) {
      await insertMaterial(db, material)
      touch('key', keyRef(material))
    },
    async updateMaterial(material) {
      await updateMaterial(db, material)
      if (material.token === undefined) erased = true
      touch('key', keyRef(material))
    },
    async deleteMaterial(material) {
      await deleteMaterial(db, material)
      erased = true
      touch('key', keyRef(material))
    },
    async eraseKey(name) {
      for (const alias of await deleteAliasesOfKey(db, name)) touch('alias', aliasRef(alias))
      if (await deleteGrantsOfKey(db, name)) touch('grants', keyRef(name))
      await deleteMaterialsOfKey(db, name)
      await deleteLastUsage(db, name)
      await deleteDeletionAlarm(db, name)
      if (!(await deleteKey(db, name))) return
      erased = true
      touch('key', keyRef(name))
    },
    deleteDeletionAlarm: (key) => deleteDeletionAlarm(db, key),
    async insertAlias(alias) {
      await insertAlias(db, alias)
      touch('alias', aliasRef(alias))
    },
    async updateAlias(alias) {
      await updateAlias(db, alias)
      touch('alias', aliasRef(alias))
    },
    async deleteAlias(name) {
      if (await deleteAlias(db, name)) touch('alias', aliasRef(name))
    },
    async insertGrant(grant) {
      await insertGrant(db, grant)
      touch('grants', keyRef(grant))
    },
    async deleteGrant(name) {
      if (!(await deleteGrant(db, name))) return false
      touch('grants', keyRef(name))
      return true
    },
    async insertKeyStore(store) {
      await insertKeyStore(db, store)
      touch('key-store', keyStoreRef(store))
    },
    async updateKeyStore(store) {
      await updateKeyStore(db, store)
      touch('key-store', keyStoreRef(store))
    },
    async deleteKeyStore(name) {
      if (!(await deleteKeyStore(db, name))) return
      erased = true
      touch('key-store', keyStoreRef(name))
    },
    insertUnfinishedStoreKey: (key) => insertUnfinishedStoreKey(db, key),
    deleteUnfinishedStoreKey: (key) => deleteUnfinishedStoreKey(db, key),
    async insertDomainKey(key) {
      await insertDomainKey(db, key)
      touch('domain-key', key.id)
    },
    async rewrapDomainKey(id, rootKeyId, wrapped) {
      await rewrapDomainKey(db, id, rootKeyId, wrapped)
      erased = true
    },
    async setDomainKeyUnused(id, since) {
      await setDomainKeyUnused(db, id, since)
      touch('unused-domain-key', id)
    },
    async deleteDomainKey(id) {
      await deleteDomainKey(db, id)
      erased = true
      touch('domain-key', id)
    },
    replaceToken: (resting, fresh) => replaceToken(db, resting, fresh),
    announceRootKey: (id) => touch('root-key', id),
    recordAudit: (record) => insertAuditRecord(db, record),
    recordEvent: (event) => insertEvent(db, event),
  }
  const touched: Touched = {
    notices: () => [...notices.values()],
    get erased() {
      return erased
    },
  }
  return { change, touched }
}
