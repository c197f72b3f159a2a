/** What the tests of the store contract are made of. */
import type { Clock } from '../../../src/base/clock.ts'
import type { Alias } from '../../../src/domain/aliases.ts'
import type { Key, KeyName } from '../../../src/domain/keys/key.ts'
import type { Store, StoredKeyMaterial } from '../../../src/domain/store.ts'

/** One store, empty at first, that nodes can open. */
export interface StoreFixture {
  /** The first call opens it; later ones join as other nodes. */
  open(node: string, clock: Clock): Promise<Store>
  /** Why no second node can join, where that is so. */
  readonly aloneBecause?: string
  /** After all nodes are closed. */
  remove(): Promise<void>
}

export const ACCOUNT = '111122223333'
export const REGION = 'eu-central-1'
export const NOW = Date.UTC(2025, 0, 1)
export const FIRST_PAGE = { after: undefined, limit: 1000 }

/** The test's to move. */
export const clock = { time: NOW, now: () => clock.time }

let lastId = 0

/** Unique in the run, so that tests share a store without meeting. */
export function uniqueId(): string {
  return `00000000-0000-4000-8000-${String(++lastId).padStart(12, '0')}`
}

/** An account of its own for tests that count or list. */
export function uniqueAccount(): string {
  return String(500_000_000_000 + ++lastId)
}

/** A symmetric encryption key with `facts` of its own. */
export function exampleKey(facts: Partial<Omit<Key, 'arn'>> = {}): Key {
  const name = { account: ACCOUNT, region: REGION, keyId: uniqueId(), ...facts }
  return {
    spec: 'SYMMETRIC_DEFAULT',
    usage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    manager: 'CUSTOMER',
    multiRegion: false,
    multiRegionSet: undefined,
    description: '',
    createdAt: NOW,
    enabled: true,
    deletion: undefined,
    currentMaterialId: undefined,
    tags: [],
    policy: '{}',
    rotation: undefined,
    onDemandRotations: 0,
    importedMaterial: undefined,
    customKeyStore: undefined,
    ...facts,
    ...name,
    arn: `arn:aws:kms:${name.region}:${name.account}:key/${name.keyId}`,
  }
}

export function exampleMaterial({ account, region, keyId }: KeyName, materialId = hexId()): StoredKeyMaterial {
  const token = Buffer.from(`token of ${materialId}`)
  const facts = { state: 'CURRENT', rotation: undefined, imported: undefined } as const
  return { account, region, keyId, materialId, token, createdAt: NOW + 1, sealedIn: region, ...facts }
}

export function hexId(): string {
  return (++lastId).toString(16).padStart(64, '0')
}

export function exampleAlias({ account, region, keyId }: KeyName, aliasName = `alias/${uniqueId()}`): Alias {
  return { account, region, aliasName, keyId, createdAt: NOW, updatedAt: NOW }
}

/** How notices name a key. */
export const ref = ({ account, region, keyId }: KeyName) => `${account}/${region}/${keyId}`

/** The keys, without materials, in one change. */
export async function insert(store: Store, ...keys: Key[]): Promise<void> {
  await store.change(async (change) => {
    for (const key of keys) await change.insertKey(key, [])
  })
}
