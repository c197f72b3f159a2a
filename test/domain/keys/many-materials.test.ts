/** A key with a thousand materials works like one with one: nothing is searched for, each ciphertext names its own (ROT-47). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { currentMaterial } from '../../operations/rotations.ts'
import { newKey } from '../../operations/support.ts'
import { ACCOUNT, createHarness, type Harness, REGION } from '../../support/harness.ts'

const MATERIALS = 1_000
const Plaintext = Buffer.from('made by the first material')

let harness: Harness
let calls: string[] = []
before(async () => {
  harness = await createHarness({ onStoreCall: (method) => calls.push(method) })
})
after(() => harness.close())

/** As if it had been rotated every day for years. */
async function addMaterials(keyId: string): Promise<string> {
  const { keyMaterials } = harness.service
  const key = (await harness.store.findKey({ account: ACCOUNT, region: REGION, keyId }))!
  const made = await Promise.all(Array.from({ length: MATERIALS - 1 }, () => keyMaterials.create(key, key.createdAt)))
  await harness.store.change(async (change) => {
    const first = (await change.findMaterial(REGION, key.currentMaterialId!))!
    await change.updateMaterial({ ...first, state: 'NON_CURRENT' })
    for (const [index, material] of made.entries()) {
      const state = index === made.length - 1 ? 'CURRENT' : 'NON_CURRENT'
      await change.insertMaterial({ ...material, state, rotation: { type: 'AUTOMATIC', date: key.createdAt } })
    }
    await change.updateKey({ ...key, currentMaterialId: made.at(-1)!.materialId })
  })
  return made.at(-1)!.materialId
}

test('Decrypt finds its material by two look-ups cold and by none warm; Encrypt and a further rotation work as ever', async () => {
  const { KeyId, CurrentKeyMaterialId: first } = await newKey(harness)
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext })
  const newest = await addMaterials(KeyId)
  for (const expected of [['findKeyByMaterial', 'findMaterial'], []]) {
    calls = []
    const opened = await harness.call('Decrypt', { CiphertextBlob })
    assert.equal(opened.KeyMaterialId, first)
    assert.deepEqual(Buffer.from(opened.Plaintext, 'base64'), Plaintext)
    assert.deepEqual(
      calls.filter((method) => method.startsWith('find') || method.startsWith('list')),
      expected,
    )
  }
  assert.equal((await harness.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })).KeyMaterialId, newest)
  await harness.call('RotateKeyOnDemand', { KeyId })
  assert.notEqual(await currentMaterial(harness, KeyId), newest)
  assert.equal((await harness.call('Decrypt', { CiphertextBlob })).KeyMaterialId, first)
  const page = await harness.call('ListKeyRotations', { KeyId, Limit: 1000 })
  assert.deepEqual([page.Rotations.length, page.Truncated], [1_000, false])
})
