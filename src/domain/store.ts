/**
 * What the domain needs of a store. Implementations live in `src/store/` and pass `test/contract/store.ts`.
 *
 * A store only ever sees sealed secrets. Every change names what it touched, in the same transaction, so that all nodes
 * can drop it from their caches (design.md section 3); every change carries its audit record the same way (audit.md G-2).
 */

import type { Alias, AliasName } from './aliases.ts'
import type { BusEvent } from './bus-event.ts'
import type { DeletionAlarm, DeletionAlarmStore } from './deletion-alarms.ts'
import type { Grant, GrantName } from './grants/grant.ts'
import type { AccessKeyUse } from './identity/entities.ts'
import type { IdentityChange, IdentityReader } from './identity/identity-store.ts'
import type { PrincipalRef } from './identity/principal-ref.ts'
import type { KeyStoreChange, KeyStoreReader } from './key-stores/key-store-records.ts'
import type { Key, KeyName } from './keys/key.ts'
import type { Page } from './page.ts'
import type { RestingToken, RestingTokenKind } from './resealing/resting-token.ts'
import type { StoreFigures } from './store-figures.ts'

export type MaybePromise<T> = T | Promise<T>

export type KeyMaterialState =
  | 'CURRENT'
  | 'NON_CURRENT'
  | 'PENDING_ROTATION'
  | 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION'

export type RotationType = 'AUTOMATIC' | 'ON_DEMAND'

/** What is known of a material that came from outside (lifecycle.md IMP-2). */
export interface MaterialImport {
  /** False: its bytes were deleted, have expired, or are awaited. A pending one that expired stays present (IMP-60). */
  readonly isPresent: boolean
  /** Milliseconds since the epoch, whole seconds; `undefined`: does not expire. It is unusable from then on. */
  readonly validTo: number | undefined
  readonly description: string | undefined
}

/** A key material as it rests: sealed under a domain key. One row each, so rotation only adds rows. */
export interface StoredKeyMaterial extends KeyName {
  /** 64 hex digits. */
  readonly materialId: string
  /** `undefined`: the bytes are gone, or never came, as imported material's may; or they are in an HSM, for ever. */
  readonly token: Buffer | undefined
  /** Milliseconds since the epoch. The token is bound to it, so importing the same bytes again keeps it. */
  readonly createdAt: number
  /** The Region that the token is bound to: its own, or that of the member of the set that the material was made in. */
  readonly sealedIn: string
  /** A material is permanently associated if this is CURRENT or NON_CURRENT. */
  readonly state: KeyMaterialState
  /** How and when it became the current one; `undefined` for the first and for pending ones. */
  readonly rotation: { readonly type: RotationType; readonly date: number } | undefined
  /** `undefined`: made here. */
  readonly imported: MaterialImport | undefined
}

/** `rotated`: those that a rotation made current. */
export type MaterialFilter = 'all' | 'rotated'

export interface StoredDomainKey {
  readonly id: string
  /** The same for all domain keys of a store: a change of the root key wraps all of them anew, in one transaction. */
  readonly rootKeyId: string
  readonly wrapped: Buffer
  readonly createdAt: number
  /** Since when no token in the store is known to be under it; `undefined`: there may be some. */
  readonly unusedSince: number | undefined
}

export type NewDomainKey = Omit<StoredDomainKey, 'unusedSince'>

/** One successful use of a key for cryptography (lifecycle.md DEL-31). */
export interface KeyUse extends KeyName {
  /** As AWS names it. */
  readonly operation: string
  /** Milliseconds since the epoch. */
  readonly time: number
  /** Of its audit record. */
  readonly eventId: string
  readonly requestId: string
}

/**
 * What a change touched. `subject` is a keyRef (`key`, `grants`), an aliasRef, an access key id (`access-key`, `session`), an
 * account (`identity`), a keyStoreRef, or the id of a domain key or root key.
 */
export interface ChangeNotice {
  readonly kind:
    | 'key'
    | 'alias'
    | 'grants'
    | 'access-key'
    | 'session'
    | 'identity'
    | 'key-store'
    | 'domain-key'
    | 'unused-domain-key'
    | 'root-key'
  readonly subject: string
}

/** An audit record that was committed with its change and waits for the audit log. */
export interface PendingAuditRecord {
  readonly eventId: string
  /** The node whose log it belongs to. */
  readonly node: string
  /** One line of JSON. */
  readonly line: string
}

/** An event that was committed with what it tells of. */
export interface EventToSend {
  /** Names it in this store; those committed later have greater ones. */
  readonly position: number
  readonly event: BusEvent
}

/** Look-ups of the warm path. The cache answers them without the store, a transaction answers them from its snapshot. */
export interface Lookups {
  /**
   * @param isForeign the caller is of another account, and must not learn from the time that it takes whether there is such a
   * key: that there is none may then be remembered.
   */
  findKey(name: KeyName, isForeign?: boolean): MaybePromise<Key | undefined>
  /** The key that has this material in this Region, whichever account owns it. */
  findKeyByMaterial(region: string, materialId: string): MaybePromise<Key | undefined>
  /** @param isForeign as for {@link findKey}. */
  findAlias(name: AliasName, isForeign?: boolean): MaybePromise<Alias | undefined>
  /** Of the key, in order; one more than a key may have at most (kms:ResourceAliases). */
  aliasNamesOf(key: KeyName): MaybePromise<readonly string[]>
  /** Grants of the key whose grantee is one of these (`granteeRefs`), whatever they allow. */
  findGrants(key: KeyName, grantees: readonly PrincipalRef[]): MaybePromise<readonly Grant[]>
  /** Always as the store has it: a grant token makes a grant visible that a cache does not know yet (GT-5). */
  findGrant(name: GrantName): Promise<Grant | undefined>
}

/** What is given must be so. */
export interface GrantFilter {
  readonly grantId?: string | undefined
  readonly grantee?: PrincipalRef | undefined
}

export interface Reader extends Lookups, IdentityReader, KeyStoreReader {
  findMaterial(region: string, materialId: string): Promise<StoredKeyMaterial | undefined>
  /**
   * In the order in which the key got them: the first one first, a pending one last. `page.after` is a material id.
   * At most `limit`.
   */
  listMaterials(key: KeyName, page: Page, filter: MaterialFilter): Promise<readonly StoredKeyMaterial[]>
  /** In order of key id; keys whose deletion date is not after `now` are gone. At most `limit`. */
  listKeys(account: string, region: string, page: Page, now: number): Promise<readonly KeyName[]>
  /** In order of alias name; those of deleted keys are gone. `keyId` filters. At most `limit`. */
  listAliases(
    account: string,
    region: string,
    keyId: string | undefined,
    page: Page,
    now: number,
  ): Promise<readonly Alias[]>
  /** The newest use that was saved; `undefined`: not used since tracking began. */
  findLastUsage(key: KeyName): Promise<KeyUse | undefined>
  /** When this store began to track uses, in milliseconds since the epoch. */
  lastUsageTrackedSince(): Promise<number>
  /** `undefined`: not pending deletion, or nobody has asked for it since. */
  findDeletionAlarm(key: KeyName): Promise<DeletionAlarm | undefined>
  /** Those whose keys were asked for last come first. At most `limit`. */
  newestDeletionAlarms(limit: number): Promise<readonly DeletionAlarm[]>
  /** Customer managed keys: those of AWS services do not count (lifecycle.md MGD-5). */
  countKeys(account: string, region: string): Promise<number>
  countAliases(key: KeyName): Promise<number>
  /** A grant that a call with the same name and the same wishes made (authorization.md GL-1). */
  findGrantByRetryDigest(key: KeyName, digest: string): Promise<Grant | undefined>
  hasGrants(key: KeyName): Promise<boolean>
  countGrants(key: KeyName): Promise<number>
  /** In order of grant id, which is also what `page.after` is. At most `limit`. */
  listGrants(key: KeyName, page: Page, filter: GrantFilter): Promise<readonly Grant[]>
  /** Of all keys of the Region but those whose deletion date is not after `now`; in order of grant id. At most `limit`. */
  listRetirableGrants(region: string, retiring: PrincipalRef, page: Page, now: number): Promise<readonly Grant[]>
  findDomainKey(id: string): Promise<StoredDomainKey | undefined>
  newestDomainKey(): Promise<StoredDomainKey | undefined>
  /** All of them, the oldest first; few, since one is made a day and what is sealed is kept under young ones. */
  listDomainKeys(): Promise<readonly StoredDomainKey[]>
}

/** One transaction: all of it or nothing, isolated from every other change. Every method but the readers writes. */
export interface Change extends Reader, IdentityChange, KeyStoreChange {
  insertKey(key: Key, materials: readonly StoredKeyMaterial[]): Promise<void>
  /** Replaces all facts of the key but its name and materials. */
  updateKey(key: Key): Promise<void>
  /** Becomes the key's newest. */
  insertMaterial(material: StoredKeyMaterial): Promise<void>
  /** Replaces all facts of the material but its name. A token that it had before is overwritten, not flagged. */
  updateMaterial(material: StoredKeyMaterial): Promise<void>
  /** Forgets a pending material altogether (lifecycle.md IMP-71). Gone already: no change. */
  deleteMaterial(material: StoredKeyMaterial): Promise<void>
  /**
   * Key, materials, aliases, grants, last use and alarm; nothing that could open a ciphertext stays in the live table. Gone
   * already: no change.
   */
  eraseKey(name: KeyName): Promise<void>
  /** The deletion of the key was cancelled: what was refused meanwhile is forgotten. */
  deleteDeletionAlarm(key: KeyName): Promise<void>
  insertAlias(alias: Alias): Promise<void>
  updateAlias(alias: Alias): Promise<void>
  /** Gone already: no change. */
  deleteAlias(name: AliasName): Promise<void>
  insertGrant(grant: Grant): Promise<void>
  /** @returns whether it was there. */
  deleteGrant(name: GrantName): Promise<boolean>
  insertDomainKey(key: NewDomainKey): Promise<void>
  /** Replaces what the domain key is wrapped in. */
  rewrapDomainKey(id: string, rootKeyId: string, wrapped: Buffer): Promise<void>
  /** All domain keys are under this root key from now on: tells the nodes. */
  announceRootKey(id: string): void
  /** `undefined`: it is used. Tells the nodes, which may remember tokens that were under it and are sealed anew. */
  setDomainKeyUnused(id: string, since: number | undefined): Promise<void>
  /** Nothing that it sealed can be opened afterwards. Gone already: no change. */
  deleteDomainKey(id: string): Promise<void>
  /** The same secret, sealed anew. @returns false, with nothing changed, if the token is another by now. */
  replaceToken(resting: RestingToken, fresh: Buffer): Promise<boolean>
  /** Commits the audit record of this change together with it. */
  recordAudit(record: PendingAuditRecord): Promise<void>
  /** Commits an event of this change, to be sent, together with it. */
  recordEvent(event: BusEvent): Promise<void>
}

export interface ChangesBatch {
  /** Pass it to the next call. */
  readonly position: number
  /** `undefined`: changes between the two positions may have been pruned, so everything cached is suspect. */
  readonly notices: readonly ChangeNotice[] | undefined
}

/** Its own readers see what is committed, never a change that is under way, not even from inside of it. */
export interface Store extends Reader, DeletionAlarmStore, StoreFigures {
  /**
   * Runs `work` in one durable transaction (when this resolves, it is on stable storage) and then tells the listener of
   * {@link onCommit} what it touched, before it resolves. If `work` throws, nothing has happened.
   * Changes wait for each other: one inside another is refused.
   */
  change<T>(work: (change: Change) => Promise<T>): Promise<T>
  onCommit(listener: (notices: readonly ChangeNotice[]) => void): void

  /** Calls `listener` when another node may have changed something, where the store can tell. It may be lost: look regularly all the same. */
  onForeignChange(listener: () => void): void
  /** Position after the newest change. */
  changesPosition(): Promise<number>
  /** Changes of other nodes after `position`; cheap when there are none. Throws if the store cannot be reached. */
  changesAfter(position: number): Promise<ChangesBatch>

  pendingAuditRecords(): Promise<readonly PendingAuditRecord[]>
  /** Forgets records that are durable in the audit log. */
  auditRecordsWritten(eventIds: readonly string[]): Promise<void>

  /** Keys whose deletion date is not after `now`, at most `limit`. */
  keysToErase(now: number, limit: number): Promise<readonly Key[]>
  /** Enabled keys whose next automatic rotation is not after `now`, the longest due first. At most `limit`. */
  keysToRotate(now: number, limit: number): Promise<readonly Key[]>
  /** Materials, pending ones too, that still have a token although their `validTo` is not after `now`. At most `limit`. */
  expiredMaterials(now: number, limit: number): Promise<readonly StoredKeyMaterial[]>
  /**
   * Keeps what is newer than the use known of the key; those of keys that are gone are dropped. No notices: it is not cached.
   */
  saveUses(uses: readonly KeyUse[]): Promise<void>
  /** Keeps what is newer than the use known of the access key; those of keys that are gone are dropped. No notices. */
  saveAccessKeyUses(uses: readonly AccessKeyUse[]): Promise<void>
  /**
   * With calls that nobody was told of, and not announced after `before`; those that began first come first. At most `limit`.
   */
  deletionAlarmsToAnnounce(before: number, limit: number): Promise<readonly DeletionAlarm[]>
  /** Operators were told of so many refused calls of the key at `time`. */
  deletionAlarmAnnounced(key: KeyName, calls: number, time: number): Promise<void>
  /** In one order for ever, from behind `after` on, which is one of the same kind. At most `limit`. */
  restingTokens(
    kind: RestingTokenKind,
    after: RestingToken | undefined,
    limit: number,
  ): Promise<readonly RestingToken[]>
  /** In the order of commits, at most `limit`. */
  eventsToSend(limit: number): Promise<readonly EventToSend[]>
  /** Somebody has taken it. */
  eventSent(position: number): Promise<void>
  /** Takes or renews the named lease until `until` if nobody else holds it at `now`; says whether `holder` has it. */
  acquireLease(name: string, holder: string, now: number, until: number): Promise<boolean>
  /** Removes revocations of sessions that have expired. */
  pruneRevokedSessions(now: number): Promise<void>
  /** Removes entries of the changes table from before `before`. */
  pruneChanges(before: number): Promise<void>

  close(): Promise<void>
}
