/** Stores in memory and in files of a folder that is removed with them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import type { StoreFixture } from '../contract/store/examples.ts'

export async function memoryFixture(): Promise<StoreFixture> {
  return {
    open: (node, clock) => openSqliteStore({ path: ':memory:', node, clock }),
    aloneBecause: 'a store in memory belongs to one node',
    remove: async () => {},
  }
}

export async function fileFixture(): Promise<StoreFixture & { readonly folder: string; readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'keyhold-store-'))
  const path = join(folder, 'keyhold.db')
  return {
    folder,
    path,
    open: (node, clock) => openSqliteStore({ path, node, clock }),
    remove: () => rm(folder, { recursive: true }),
  }
}
