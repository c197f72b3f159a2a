import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Key } from '../../../src/domain/keys/key.ts'
import type { Store } from '../../../src/domain/store.ts'
import { exampleKey, exampleMaterial, hexId, insert, NOW, REGION } from './examples.ts'

export function keyTests(store: () => Store): void {
  const rich = exampleKey({
    spec: 'RSA_4096',
    usage: 'SIGN_VERIFY',
    origin: 'EXTERNAL',
    manager: 'AWS',
    multiRegion: true,
    description: `O'Brien "quoted"; DROP TABLE keys;-- \u0000 \u00e9 \u{1f511} \n ? :a $1`,
    createdAt: 1_735_689_600_123,
    enabled: false,
    deletion: { windowInDays: 7, date: 1_736_294_400_456 },
    currentMaterialId: 'f'.repeat(64),
    tags: [
      { key: 'zone', value: '' },
      { key: 'alpha', value: '__proto__' },
      { key: '1', value: 'a number does not move to the front' },
    ],
    policy: `{"Version":"2012-10-17","Statement":[],"Id":"${'p'.repeat(32_000)}"}`,
  })

  test('a key comes back with every fact it was given', async () => {
    const plain = exampleKey()
    await insert(store(), rich, plain)
    assert.deepEqual(await store().findKey(rich), rich)
    assert.deepEqual(await store().findKey(plain), plain)
  })

  test('a key that is found cannot be altered in place', async () => {
    const found = (await store().findKey(rich))!
    assert.ok(Object.isFrozen(found) && Object.isFrozen(found.tags) && Object.isFrozen(found.deletion))
  })

  test('a key is found by its whole name only', async () => {
    assert.equal(await store().findKey({ ...rich, account: '999999999999' }), undefined)
    assert.equal(await store().findKey({ ...rich, region: 'us-east-1' }), undefined)
    assert.equal(await store().findKey({ ...rich, keyId: rich.keyId.slice(0, -1) }), undefined)
  })

  test('one key id in two Regions names two keys, as a multi-Region set has them', async () => {
    const primary = exampleKey({ description: 'primary' })
    const replica = exampleKey({ ...primary, region: 'us-east-1', description: 'replica' })
    await insert(store(), primary, replica)
    assert.equal((await store().findKey(primary))?.description, 'primary')
    assert.equal((await store().findKey(replica))?.description, 'replica')
  })

  test('updateKey replaces every fact of this key, of no other, and leaves its materials', async () => {
    const key = exampleKey()
    const neighbour = exampleKey()
    const material = exampleMaterial(key)
    await store().change(async (change) => {
      await change.insertKey(key, [material])
      await change.insertKey(neighbour, [])
    })
    const { account, region, keyId } = key
    const updated: Key = { ...rich, account, region, keyId, arn: key.arn }
    await store().change((change) => change.updateKey(updated))
    assert.deepEqual(await store().findKey(key), updated)
    assert.deepEqual(await store().findKey(neighbour), neighbour)
    assert.deepEqual(await store().findMaterial(region, material.materialId), material)
  })

  test('a scheduled deletion can be taken back', async () => {
    const key = exampleKey({ deletion: { windowInDays: 30, date: NOW } })
    await insert(store(), key)
    await store().change((change) => change.updateKey({ ...key, deletion: undefined }))
    assert.equal((await store().findKey(key))?.deletion, undefined)
  })

  test('a second key of the same name is refused, and the first stays as it is', async () => {
    const key = exampleKey({ description: 'first' })
    await insert(store(), key)
    await assert.rejects(insert(store(), { ...key, description: 'second' }))
    assert.equal((await store().findKey(key))?.description, 'first')
  })

  test('updating a key that is not there fails', async () => {
    const key = exampleKey()
    await assert.rejects(store().change((change) => change.updateKey(key)))
    assert.equal(await store().findKey(key), undefined)
  })
}

export function materialTests(store: () => Store): void {
  test('a key has any number of materials, each found by Region and id', async () => {
    const key = exampleKey()
    const materials = [exampleMaterial(key), exampleMaterial(key), exampleMaterial(key)]
    await store().change((change) => change.insertKey(key, materials))
    for (const material of materials) {
      const found = await store().findMaterial(REGION, material.materialId)
      assert.deepEqual(found, material)
      assert.ok(Buffer.isBuffer(found?.token))
      assert.deepEqual(await store().findKeyByMaterial(REGION, material.materialId), key)
    }
  })

  test('a material id means something in its Region only', async () => {
    const primary = exampleKey()
    const replica = exampleKey({ ...primary, region: 'us-east-1' })
    const materialId = hexId()
    await store().change(async (change) => {
      await change.insertKey(primary, [exampleMaterial(primary, materialId)])
      await change.insertKey(replica, [exampleMaterial(replica, materialId)])
    })
    assert.equal((await store().findKeyByMaterial(REGION, materialId))?.region, REGION)
    assert.equal((await store().findKeyByMaterial('us-east-1', materialId))?.region, 'us-east-1')
    assert.equal(await store().findKeyByMaterial('eu-west-1', materialId), undefined)
    assert.equal(await store().findMaterial('eu-west-1', materialId), undefined)
  })

  test('a material cannot belong to two keys of a Region', async () => {
    const [first, second] = [exampleKey(), exampleKey()]
    const material = exampleMaterial(first)
    await store().change((change) => change.insertKey(first, [material]))
    const stolen = exampleMaterial(second, material.materialId)
    await assert.rejects(store().change((change) => change.insertKey(second, [stolen])))
    assert.equal(await store().findKey(second), undefined, 'the key went in without its material')
  })

  test('a token comes back byte for byte', async () => {
    const key = exampleKey()
    const token = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
    const material = { ...exampleMaterial(key), token }
    await store().change((change) => change.insertKey(key, [material]))
    assert.deepEqual((await store().findMaterial(REGION, material.materialId))?.token, token)
  })
}
