import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Key, KeyName } from '../../../src/domain/keys/key.ts'
import type { Store } from '../../../src/domain/store.ts'
import { exampleKey, exampleMaterial, FIRST_PAGE, hexId, insert, NOW, REGION, uniqueAccount } from './examples.ts'

export function keyTests(store: () => Store): void {
  const rich = exampleKey({
    spec: 'RSA_4096',
    usage: 'SIGN_VERIFY',
    origin: 'EXTERNAL',
    manager: 'AWS',
    multiRegion: true,
    multiRegionSet: { primaryRegion: 'us-east-1', replicaRegions: ['ap-south-1', REGION] },
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
    rotation: { periodInDays: 90, nextRotationAt: 1_743_465_600_789 },
    onDemandRotations: 25,
    importedMaterial: { isMissing: true, validTo: 1_767_225_600_000 },
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
    assert.ok(Object.isFrozen(found.rotation) && Object.isFrozen(found.importedMaterial))
    assert.ok(Object.isFrozen(found.multiRegionSet) && Object.isFrozen(found.multiRegionSet?.replicaRegions))
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

  test('a deletion that waits for replicas has a window and no date; nothing is due by it', async () => {
    const waiting = { windowInDays: 12, date: undefined }
    const account = uniqueAccount()
    const key = exampleKey({ account, deletion: waiting, rotation: { periodInDays: 90, nextRotationAt: 1001 } })
    await insert(store(), key)
    assert.deepEqual(await store().findKey(key), key)
    const isIn = (keys: readonly KeyName[]) => keys.some(({ keyId }) => keyId === key.keyId)
    assert.equal(isIn(await store().keysToErase(Number.MAX_SAFE_INTEGER, 1000)), false)
    assert.equal(isIn(await store().keysToRotate(NOW, 1000)), false)
    assert.equal(isIn(await store().listKeys(account, REGION, FIRST_PAGE, Number.MAX_SAFE_INTEGER)), true)
    const dated = { ...key, deletion: { windowInDays: 12, date: NOW } }
    await store().change((change) => change.updateKey(dated))
    assert.deepEqual(await store().findKey(key), dated)
    assert.equal(isIn(await store().keysToErase(NOW, 1000)), true)
    await store().change((change) => change.updateKey({ ...key, deletion: undefined }))
    assert.equal((await store().findKey(key))?.deletion, undefined)
    assert.equal(isIn(await store().keysToRotate(NOW, 1000)), true)
    await store().change((change) => change.eraseKey(key))
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

  test('a material that was sealed in another Region says so, and an update can change that', async () => {
    const key = exampleKey()
    const material = { ...exampleMaterial(key), sealedIn: 'us-east-1' }
    await store().change((change) => change.insertKey(key, [material]))
    assert.deepEqual(await store().findMaterial(REGION, material.materialId), material)
    const sealedAnew = { ...material, sealedIn: REGION, token: Buffer.from('anew') }
    await store().change((change) => change.updateMaterial(sealedAnew))
    assert.deepEqual(await store().findMaterial(REGION, material.materialId), sealedAnew)
  })

  test('erasing one member of a set leaves the material of the others', async () => {
    const primary = exampleKey()
    const replica = exampleKey({ ...primary, region: 'us-east-1' })
    const material = exampleMaterial(primary)
    const copy = { ...material, region: replica.region }
    await store().change(async (change) => {
      await change.insertKey(primary, [material])
      await change.insertKey(replica, [copy])
    })
    await store().change((change) => change.eraseKey(primary))
    assert.deepEqual(await store().findMaterial(replica.region, material.materialId), copy)
    assert.equal(await store().findMaterial(REGION, material.materialId), undefined)
  })

  test('a material cannot belong to two keys of a Region', async () => {
    const [first, second] = [exampleKey(), exampleKey()]
    const material = exampleMaterial(first)
    await store().change((change) => change.insertKey(first, [material]))
    const stolen = exampleMaterial(second, material.materialId)
    await assert.rejects(store().change((change) => change.insertKey(second, [stolen])))
    assert.equal(await store().findKey(second), undefined, 'the key went in without its material')
  })

  const CURRENT = { state: 'CURRENT', rotation: { type: 'ON_DEMAND', date: NOW + 5 } } as const
  const PENDING = {
    state: 'PENDING_ROTATION',
    imported: { isPresent: true, validTo: NOW + 7, description: 'é' },
  } as const

  test('materials are listed in the order in which the key got them, a page at a time', async () => {
    const key = exampleKey()
    const first = { ...exampleMaterial(key, hexId()), state: 'NON_CURRENT' as const }
    // Neither id nor time says which came first.
    const second = { ...exampleMaterial(key, `${'0'.repeat(63)}1`), ...CURRENT, createdAt: NOW - 10 }
    const third = { ...exampleMaterial(key), ...PENDING, token: undefined }
    const neighbour = exampleKey()
    await store().change(async (change) => {
      await change.insertKey(key, [first])
      await change.insertKey(neighbour, [exampleMaterial(neighbour)])
      await change.insertMaterial(second)
      await change.insertMaterial(third)
    })
    const list = (after: string | undefined, limit: number, filter: 'all' | 'rotated' = 'all') =>
      store().listMaterials(key, { after, limit }, filter)
    assert.deepEqual(await list(undefined, 10), [first, second, third])
    assert.deepEqual(await list(undefined, 2), [first, second])
    assert.deepEqual(await list(second.materialId, 2), [third])
    assert.deepEqual(await list(third.materialId, 2), [])
    assert.deepEqual(await list(undefined, 10, 'rotated'), [second])
    assert.deepEqual(await list(second.materialId, 10, 'rotated'), [])
  })

  test('updateMaterial replaces every fact of this material and of no other', async () => {
    const key = exampleKey()
    const [one, other] = [exampleMaterial(key), exampleMaterial(key)]
    await store().change((change) => change.insertKey(key, [one, other]))
    const emptied = { ...one, ...CURRENT, ...PENDING, token: undefined }
    await store().change((change) => change.updateMaterial(emptied))
    assert.deepEqual(await store().findMaterial(REGION, one.materialId), emptied)
    assert.deepEqual(await store().findMaterial(REGION, other.materialId), other)
    await store().change((change) => change.updateMaterial(one))
    assert.deepEqual(await store().findMaterial(REGION, one.materialId), one)
  })

  test('a material without a token still leads to its key', async () => {
    const key = exampleKey()
    const gone = { ...exampleMaterial(key), token: undefined }
    await store().change((change) => change.insertKey(key, [gone]))
    assert.deepEqual(await store().findKeyByMaterial(REGION, gone.materialId), key)
  })

  test('updating a material that is not there, or under another key, fails', async () => {
    const [key, other] = [exampleKey(), exampleKey()]
    const material = exampleMaterial(key)
    await insert(store(), key, other)
    await assert.rejects(store().change((change) => change.updateMaterial(material)))
    await store().change((change) => change.insertMaterial(material))
    const { keyId } = other
    await assert.rejects(store().change((change) => change.updateMaterial({ ...material, keyId })))
  })

  test('deleteMaterial forgets this material; the next one comes after those that stayed', async () => {
    const key = exampleKey()
    const [kept, gone, next] = [exampleMaterial(key), exampleMaterial(key), exampleMaterial(key)]
    await store().change((change) => change.insertKey(key, [kept, gone]))
    await store().change((change) => change.deleteMaterial(gone))
    await store().change((change) => change.deleteMaterial(gone))
    await store().change((change) => change.insertMaterial(next))
    assert.equal(await store().findMaterial(REGION, gone.materialId), undefined)
    assert.deepEqual(await store().listMaterials(key, FIRST_PAGE, 'all'), [kept, next])
  })

  test('expiredMaterials gives those that still have a token at their end, the longest expired first', async () => {
    const key = exampleKey()
    const until = (validTo: number | undefined, token: Buffer | undefined = Buffer.from('token')) => ({
      ...exampleMaterial(key),
      token,
      imported: { isPresent: true, validTo, description: undefined },
    })
    const [second, first, later] = [until(2002), until(2001), until(2004)]
    const others = [until(undefined), { ...until(2001), token: undefined }, exampleMaterial(key)]
    await store().change((change) => change.insertKey(key, [second, first, later, ...others]))
    assert.deepEqual(await store().expiredMaterials(2003, 10), [first, second])
    assert.deepEqual(await store().expiredMaterials(2002, 1), [first])
    assert.deepEqual(await store().expiredMaterials(2000, 10), [])
    await store().change((change) => change.updateMaterial({ ...first, token: undefined }))
    assert.deepEqual(await store().expiredMaterials(2003, 10), [second])
    await store().change((change) => change.eraseKey(key))
    assert.deepEqual(await store().expiredMaterials(2004, 10), [])
  })

  test('keysToRotate gives the enabled keys whose date has come, the longest due first', async () => {
    const due = (keyId: string, nextRotationAt: number, facts: Partial<Key> = {}) =>
      exampleKey({ keyId, rotation: { periodInDays: 90, nextRotationAt }, ...facts })
    const keys = [due('rotates third', 3003), due('rotates first', 3001), due('not yet due', 3004)]
    const never = [
      due('disabled and due', 3001, { enabled: false }),
      due('pending deletion and due', 3001, { deletion: { windowInDays: 7, date: NOW } }),
      exampleKey(),
    ]
    await insert(store(), ...keys, ...never, due('rotates second', 3002))
    const ids = async (limit: number) => (await store().keysToRotate(3003, limit)).map(({ keyId }) => keyId)
    assert.deepEqual(await ids(10), ['rotates first', 'rotates second', 'rotates third'])
    assert.deepEqual(await ids(2), ['rotates first', 'rotates second'])
    assert.deepEqual((await store().keysToRotate(3001, 1))[0], keys[1])
    assert.deepEqual(await store().keysToRotate(3000, 10), [])
  })

  test('a token comes back byte for byte', async () => {
    const key = exampleKey()
    const token = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
    const material = { ...exampleMaterial(key), token }
    await store().change((change) => change.insertKey(key, [material]))
    assert.deepEqual((await store().findMaterial(REGION, material.materialId))?.token, token)
  })
}
