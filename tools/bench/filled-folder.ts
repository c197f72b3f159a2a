/**
 * A data folder with more keys, or materials, than could be made by calls in the time that a benchmark has. The first of them is
 * made by the server itself; the others are copies of its rows, each with a name and a sealed material of its own, so the
 * database is the one that as many calls would have left.
 */
import { randomUUID } from 'node:crypto'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { systemClock } from '../../src/base/clock.ts'
import { createRandomSource } from '../../src/crypto/random.ts'
import { NO_KEY_STORES } from '../../src/domain/key-stores/key-stores.ts'
import { createDomainKeys } from '../../src/domain/keys/domain-keys.ts'
import type { Key } from '../../src/domain/keys/key.ts'
import { createKeyMaterials, type KeyMaterials } from '../../src/domain/keys/key-material.ts'
import { dataFolder } from '../../src/start/data-folder.ts'
import { openRootKey } from '../../src/start/root-key.ts'
import { inFolder } from '../../src/start/store-place.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { createKey, REGION, startOnFolder } from './keyhold-server.ts'

export interface SealedMessage {
  readonly keyId: string
  readonly blob: Buffer
}

/** Rows in one transaction. */
const BATCH = 20_000
/** Bulk loading settings: nobody minds if this database is lost. The cache spares reading back pages of random order. */
const LOADING = 'PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA foreign_keys = ON'

const CALL = { principal: { arn: 'arn:aws:iam::111122223333:root' }, requestId: randomUUID() }
const CIPHER = { algorithm: 'SYMMETRIC_DEFAULT', context: undefined, operation: 'Encrypt', call: CALL }
const PLAINTEXT = Buffer.alloc(32, 1)

interface OpenFolder {
  readonly key: Key
  readonly keyMaterials: KeyMaterials
  readonly database: DatabaseSync
}

/** A first start, which leaves one key; then `fill` on the stopped folder. */
async function onNewFolder<T>(data: string, fill: (folder: OpenFolder) => Promise<T>): Promise<T> {
  const server = await startOnFolder(data, { workers: 1, core: undefined })
  const keyId = await createKey(server.client()).finally(() => server.stop())
  const folder = dataFolder(data)
  const store = await openSqliteStore({ path: folder.store, node: 'bench', clock: systemClock })
  const database = new DatabaseSync(folder.store)
  try {
    database.exec(LOADING)
    const random = createRandomSource()
    const choice = { provider: undefined, passphrase: undefined }
    const rootKey = await openRootKey(folder, choice, inFolder(folder), await store.newestDomainKey())
    const domainKeys = createDomainKeys(store, rootKey, systemClock, random)
    const keyMaterials = createKeyMaterials(store, domainKeys, random, NO_KEY_STORES)
    const [account] = await store.listAccounts()
    const key = (await store.findKey({ account: account!, region: REGION, keyId }))!
    return await fill({ key, keyMaterials, database })
  } finally {
    database.close()
    await store.close()
  }
}

type Overrides = Readonly<Record<string, SQLInputValue>>

/** Copies the first row of `key` in `table`, but for the named columns. Knows no column by heart. */
function copier(database: DatabaseSync, table: string, { keyId }: Key, names: readonly string[]) {
  const columns = database
    .prepare(`SELECT name FROM pragma_table_info('${table}')`)
    .all()
    .map(({ name }) => String(name))
  const missing = names.find((name) => !columns.includes(name))
  if (missing !== undefined) throw new Error(`${table} has no column ${missing}`)
  const row = Number(database.prepare(`SELECT rowid FROM ${table} WHERE key_id = ?`).get(keyId)!.rowid)
  const values = columns.map((column) => (names.includes(column) ? `:${column}` : column))
  const copy = database.prepare(
    `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM ${table} WHERE rowid = ${row}`,
  )
  return (overrides: Overrides) => void copy.run(overrides)
}

async function inBatches(
  database: DatabaseSync,
  count: number,
  insert: (index: number) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < count; start += BATCH) {
    database.exec('BEGIN')
    for (let index = start; index < Math.min(count, start + BATCH); index++) await insert(index)
    database.exec('COMMIT')
  }
}

/** @returns a message of each of the first `hotKeys` keys. */
export function fillWithKeys(data: string, keys: number, hotKeys: number): Promise<readonly SealedMessage[]> {
  return onNewFolder(data, async ({ key, keyMaterials, database }) => {
    const copyKey = copier(database, 'keys', key, ['key_id', 'current_material_id'])
    const copyMaterial = copier(database, 'key_materials', key, ['key_id', 'material_id', 'token'])
    const hot: Key[] = []
    // In order, so that the largest of the indexes grows at its end.
    const keyIds = Array.from({ length: keys - 1 }, () => randomUUID()).sort()
    await inBatches(database, keyIds.length, async (index) => {
      const keyId = keyIds[index]!
      const { materialId, token } = await keyMaterials.create({ ...key, keyId }, key.createdAt)
      copyKey({ key_id: keyId, current_material_id: materialId })
      copyMaterial({ key_id: keyId, material_id: materialId, token: token! })
      // Spread over all of them, as keys in use are.
      if (index % Math.floor(keyIds.length / hotKeys) === 0 && hot.length < hotKeys) {
        hot.push({ ...key, keyId, currentMaterialId: materialId })
      }
    })
    return sealUnder(keyMaterials, hot)
  })
}

/** One key with so many materials. @returns a message of each. */
export function fillWithMaterials(data: string, materials: number): Promise<readonly SealedMessage[]> {
  return onNewFolder(data, async ({ key, keyMaterials, database }) => {
    const copyMaterial = copier(database, 'key_materials', key, [
      ...['generation', 'material_id', 'token', 'state', 'rotation_type', 'rotated_at'],
    ])
    const versions: Key[] = [key]
    await inBatches(database, materials - 1, async (index) => {
      const { materialId, token } = await keyMaterials.create(key, key.createdAt)
      const rotation = { rotation_type: 'AUTOMATIC', rotated_at: key.createdAt }
      const state = index === materials - 2 ? 'CURRENT' : 'NON_CURRENT'
      copyMaterial({ generation: index + 1, material_id: materialId, token: token!, state, ...rotation })
      versions.push({ ...key, currentMaterialId: materialId })
    })
    const setState = database.prepare(
      "UPDATE key_materials SET state = 'NON_CURRENT' WHERE key_id = ? AND generation = 0",
    )
    setState.run(key.keyId)
    const setCurrent = database.prepare('UPDATE keys SET current_material_id = ? WHERE key_id = ?')
    setCurrent.run(versions.at(-1)!.currentMaterialId!, key.keyId)
    return sealUnder(keyMaterials, versions)
  })
}

async function sealUnder(keyMaterials: KeyMaterials, keys: readonly Key[]): Promise<readonly SealedMessage[]> {
  const messages: SealedMessage[] = []
  for (const key of keys) messages.push({ keyId: key.keyId, blob: await keyMaterials.encrypt(key, CIPHER, PLAINTEXT) })
  return messages
}
