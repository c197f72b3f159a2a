/** keystores.md XP-3: the place of a material in the rotation list of its key. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { Key } from '../../src/domain/keys/key.ts'
import { createMaterialIndex } from '../../src/xks-proxy/material-index.ts'
import { ACCOUNT, createHarness, type Harness, REGION } from '../support/harness.ts'
import { importMaterial, NEVER } from '../support/imports.ts'

async function keyIn(context: TestContext, facts: object = {}) {
  const harness = await createHarness()
  context.after(() => harness.close())
  const { KeyMetadata } = await harness.call('CreateKey', facts)
  const keyId: string = KeyMetadata.KeyId
  const key = async (): Promise<Key> => (await harness.store.findKey({ account: ACCOUNT, region: REGION, keyId }))!
  return { harness, keyId, key }
}

const rotate = (harness: Harness, KeyId: string) => harness.call('RotateKeyOnDemand', { KeyId })

test('the first material is 1, each rotation gives the next, and old ones keep theirs', async (context) => {
  const { harness, keyId, key } = await keyIn(context)
  const materials = createMaterialIndex(harness.store)
  const ids: string[] = []
  for (let index = 1; index <= 4; index++) {
    ids.push((await key()).currentMaterialId!)
    assert.equal(await materials.ofCurrent(await key()), index)
    await rotate(harness, keyId)
  }
  for (const node of [materials, createMaterialIndex(harness.store)]) {
    for (const [at, id] of ids.entries()) assert.equal(await node.materialAt(await key(), at + 1), id)
    assert.equal(await node.materialAt(await key(), 0), undefined)
    assert.equal(await node.materialAt(await key(), 6), undefined)
  }
})

test('a node that has not heard of a rotation finds the material that another encrypted with', async (context) => {
  const { harness, keyId, key } = await keyIn(context)
  const [here, there] = [createMaterialIndex(harness.store), createMaterialIndex(harness.store)]
  const stale = await key()
  assert.equal(await there.ofCurrent(stale), 1)
  await rotate(harness, keyId)
  const index = await here.ofCurrent(await key())
  assert.equal(await there.materialAt(stale, index), (await key()).currentMaterialId)
  assert.equal(await there.ofCurrent(stale), 1, 'and goes on with what it knows')
})

test('a pending material has no place until it is rotated to', async (context) => {
  const { harness, keyId, key } = await keyIn(context, { Origin: 'EXTERNAL' })
  const materials = createMaterialIndex(harness.store)
  await importMaterial(harness, keyId, randomBytes(32))
  assert.equal(await materials.ofCurrent(await key()), 1)
  const wish = { ...NEVER, ImportType: 'NEW_KEY_MATERIAL' }
  const { KeyMaterialId } = await importMaterial(harness, keyId, randomBytes(32), wish)
  assert.equal(await materials.materialAt(await key(), 2), undefined)
  await harness.call('DeleteImportedKeyMaterial', { KeyId: keyId, KeyMaterialId })
  const other = await importMaterial(harness, keyId, randomBytes(32), wish)
  await rotate(harness, keyId)
  assert.equal(await materials.ofCurrent(await key()), 2)
  assert.equal(await materials.materialAt(await key(), 2), other.KeyMaterialId)
})
