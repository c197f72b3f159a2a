/** Deleted and expired key material is gone from the files of the store, not only from what can be asked of it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness, REGION } from '../support/harness.ts'
import { importMaterial, NEVER, secondsFromNow } from '../support/imports.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'

const folder = temporaryFolder('erased')
let harness: Harness
before(async () => {
  harness = await createHarness({ storePath: join(folder.path, 'keyhold.db') })
})
after(async () => {
  await harness.close()
  folder.remove()
})

/** Files that hold the token. */
function holders(token: Buffer): readonly string[] {
  return readdirSync(folder.path).filter((name) => readFileSync(join(folder.path, name)).includes(token))
}

async function tokensOf(keyId: string): Promise<Buffer[]> {
  const name = { account: ACCOUNT, region: REGION, keyId }
  const materials = await harness.store.listMaterials(name, { after: undefined, limit: 100 }, 'all')
  return materials.flatMap(({ token }) => (token === undefined ? [] : [token]))
}

/** An imported key with neighbours in the same pages, and every token that its material has had. */
async function importedKey(members: object): Promise<{ KeyId: string; tokens: Buffer[] }> {
  const material = randomBytes(32)
  const tokens: Buffer[] = []
  const { KeyId } = (await harness.call('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
  for (let round = 0; round < 2; round++) {
    await importMaterial(harness, KeyId, material, members)
    await harness.call('CreateKey')
    tokens.push(...(await tokensOf(KeyId)))
  }
  assert.equal(tokens.length, 2)
  assert.notDeepEqual(tokens[0], tokens[1])
  assert.notDeepEqual(holders(tokens[1]!), [], 'the token was never in the files, so the test finds nothing')
  return { KeyId, tokens }
}

function assertGone(tokens: readonly Buffer[]): void {
  for (const token of tokens) assert.deepEqual(holders(token), [])
}

test('DeleteImportedKeyMaterial leaves no token of the material in any file', async () => {
  const { KeyId, tokens } = await importedKey(NEVER)
  await harness.call('DeleteImportedKeyMaterial', { KeyId })
  assertGone(tokens)
})

test('a pending material that is deleted leaves none', async () => {
  const { KeyId } = await importedKey(NEVER)
  const { KeyMaterialId } = await importMaterial(harness, KeyId, randomBytes(32), {
    ...NEVER,
    ImportType: 'NEW_KEY_MATERIAL',
  })
  const pending = (await tokensOf(KeyId))[1]!
  assert.notDeepEqual(holders(pending), [])
  await harness.call('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId })
  assertGone([pending])
})

test('the job leaves none of expired material', async () => {
  const { tokens } = await importedKey({ ValidTo: secondsFromNow(harness, 10) })
  harness.clock.advance(10_000)
  await harness.service.jobs.runAll()
  assertGone(tokens)
})
