/**
 * Tokens in all tables that hold any, for sealing them anew: read in the order of their primary keys, so that a walk through all of
 * them takes one step for each.
 */

import type { CustomKeyStoreType } from '../domain/key-stores/custom-key-store.ts'
import type { RestingToken, RestingTokenKind } from '../domain/resealing/resting-token.ts'
import type { Db } from './dialects/store-database.ts'
import { asBuffer } from './rows.ts'

/** Before every name. */
const FIRST = ''

type Of<K extends RestingTokenKind> = Extract<RestingToken, { kind: K }>

interface Place<T extends RestingToken> {
  page(db: Db, after: T | undefined, limit: number): Promise<readonly T[]>
  /** @returns how many rows had the old token. */
  replace(db: Db, resting: T, fresh: Buffer): Promise<bigint>
}

const keyMaterials: Place<Of<'key material'>> = {
  async page(db, after, limit) {
    const rows = await db
      .selectFrom('key_materials')
      .select(['region', 'material_id', 'token'])
      .where(({ eb, refTuple, tuple }) =>
        eb(refTuple('region', 'material_id'), '>', tuple(after?.region ?? FIRST, after?.materialId ?? FIRST)),
      )
      .where('token', 'is not', null)
      .orderBy('region')
      .orderBy('material_id')
      .limit(limit)
      .execute()
    return rows.map(({ region, material_id: materialId, token }) => {
      return { kind: 'key material', region, materialId, token: asBuffer(token!) }
    })
  },
  async replace(db, { region, materialId, token }, fresh) {
    const result = await db
      .updateTable('key_materials')
      .set({ token: fresh })
      .where('region', '=', region)
      .where('material_id', '=', materialId)
      .where('token', '=', token)
      .executeTakeFirst()
    return result.numUpdatedRows
  },
}

const accessKeys: Place<Of<'access key'>> = {
  async page(db, after, limit) {
    const rows = await db
      .selectFrom('access_keys')
      .select(['access_key_id', 'account', 'user_id', 'token'])
      .where('access_key_id', '>', after?.accessKeyId ?? FIRST)
      .orderBy('access_key_id')
      .limit(limit)
      .execute()
    return rows.map(({ access_key_id: accessKeyId, account, user_id, token }) => {
      return { kind: 'access key', accessKeyId, account, userId: user_id ?? undefined, token: asBuffer(token) }
    })
  },
  async replace(db, { accessKeyId, token }, fresh) {
    const result = await db
      .updateTable('access_keys')
      .set({ token: fresh })
      .where('access_key_id', '=', accessKeyId)
      .where('token', '=', token)
      .executeTakeFirst()
    return result.numUpdatedRows
  },
}

const serviceAccessKeys: Place<Of<'service access key'>> = {
  async page(db, after, limit) {
    const rows = await db
      .selectFrom('service_access_keys')
      .select(['access_key_id', 'service', 'token'])
      .where('access_key_id', '>', after?.accessKeyId ?? FIRST)
      .orderBy('access_key_id')
      .limit(limit)
      .execute()
    return rows.map(({ access_key_id: accessKeyId, service, token }) => {
      return { kind: 'service access key', accessKeyId, service, token: asBuffer(token) }
    })
  },
  async replace(db, { accessKeyId, token }, fresh) {
    const result = await db
      .updateTable('service_access_keys')
      .set({ token: fresh })
      .where('access_key_id', '=', accessKeyId)
      .where('token', '=', token)
      .executeTakeFirst()
    return result.numUpdatedRows
  },
}

type KeyStoreToken = Of<'key store secret'> | Of<'pending key store secret'>

function keyStoreSecrets(kind: KeyStoreToken['kind'], column: 'secret' | 'pending_secret'): Place<KeyStoreToken> {
  return {
    async page(db, after, limit) {
      const rows = await db
        .selectFrom('custom_key_stores')
        .select(['account', 'region', 'store_id', 'type', column])
        .where(({ eb, refTuple, tuple }) =>
          eb(
            refTuple('account', 'region', 'store_id'),
            '>',
            tuple(after?.account ?? FIRST, after?.region ?? FIRST, after?.storeId ?? FIRST),
          ),
        )
        .where(column, 'is not', null)
        .orderBy('account')
        .orderBy('region')
        .orderBy('store_id')
        .limit(limit)
        .execute()
      return rows.map((row) => {
        const { account, region, store_id: storeId } = row
        const token = asBuffer((row as Record<typeof column, Uint8Array>)[column])
        return { kind, account, region, storeId, type: row.type as CustomKeyStoreType, token }
      })
    },
    async replace(db, { account, region, storeId, token }, fresh) {
      const result = await db
        .updateTable('custom_key_stores')
        .set({ [column]: fresh })
        .where('account', '=', account)
        .where('region', '=', region)
        .where('store_id', '=', storeId)
        .where(column, '=', token)
        .executeTakeFirst()
      return result.numUpdatedRows
    },
  }
}

const PLACES = {
  'key material': keyMaterials,
  'access key': accessKeys,
  'service access key': serviceAccessKeys,
  'key store secret': keyStoreSecrets('key store secret', 'secret'),
  'pending key store secret': keyStoreSecrets('pending key store secret', 'pending_secret'),
} satisfies Record<RestingTokenKind, unknown>

/** Each gets tokens of its own kind alone. */
function placeOf(kind: RestingTokenKind): Place<RestingToken> {
  return PLACES[kind] as unknown as Place<RestingToken>
}

/** @param after one of the same kind; `undefined`: from the first one on. */
export function restingTokens(
  db: Db,
  kind: RestingTokenKind,
  after: RestingToken | undefined,
  limit: number,
): Promise<readonly RestingToken[]> {
  return placeOf(kind).page(db, after, limit)
}

/** @returns whether it was still there. */
export async function replaceToken(db: Db, resting: RestingToken, fresh: Buffer): Promise<boolean> {
  return (await placeOf(resting.kind).replace(db, resting, fresh)) > 0n
}
