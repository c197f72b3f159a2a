import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomKeyStore } from '../../../src/domain/key-stores/custom-key-store.ts'
import type { KeyStorePlace } from '../../../src/domain/key-stores/key-store-place.ts'
import type { ChangeNotice, Store } from '../../../src/domain/store.ts'
import { exampleExternalStore, exampleHsmStore } from '../../support/key-stores.ts'
import { exampleKey, NOW, REGION, uniqueAccount } from './examples.ts'

export function keyStoreTests(store: () => Store): void {
  const insert = (...stores: CustomKeyStore[]) =>
    store().change(async (change) => {
      for (const keyStore of stores) await change.insertKeyStore(keyStore)
    })

  const placeIn = ({ storeId, connectionState, ...keyStore }: CustomKeyStore): KeyStorePlace => ({
    ...{ storeId, connectionState },
    suite: 3,
    xksKeyId: undefined,
    clusterId: keyStore.type === 'AWS_CLOUDHSM' ? keyStore.clusterId : undefined,
  })

  test('a custom key store of each type comes back as it was given, by id and by name', async () => {
    const vpc = {
      connectivity: 'VPC_ENDPOINT_SERVICE',
      vpcEndpointServiceName: 'a',
      vpcEndpointServiceOwner: 'b',
    } as const
    const stores = [
      exampleHsmStore({ pendingSecret: Buffer.from('pending'), isSecretRefused: true }),
      exampleHsmStore({ connectionState: 'FAILED', connectionErrorCode: 'INVALID_CREDENTIALS', attempt: 7 }),
      exampleExternalStore(),
      exampleExternalStore(vpc),
    ]
    await insert(...stores)
    for (const keyStore of stores) {
      assert.deepEqual(await store().findKeyStore(keyStore), keyStore)
      const { account, region, name } = keyStore
      assert.deepEqual(await store().findKeyStoreByName(account, region, name), keyStore)
      assert.equal(await store().findKeyStoreByName(account, region, name.toUpperCase()), undefined)
    }
  })

  test('all facts change but id, type and date', async () => {
    const before = exampleHsmStore()
    await insert(before)
    const secret = Buffer.from('another')
    const changes = { name: `${before.name} anew`, connectionState: 'CONNECTED', attempt: 1, secret } as const
    const changed = { ...before, ...changes, pendingSecret: Buffer.from('next'), trustAnchorCertificate: 'another' }
    await store().change((change) => change.updateKeyStore(changed))
    assert.deepEqual(await store().findKeyStore(before), changed)
    await assert.rejects(store().change((change) => change.updateKeyStore(exampleHsmStore())))
  })

  test('names are unique in account and Region, clusters in the whole store', async () => {
    const one = exampleHsmStore()
    await insert(one)
    await assert.rejects(insert(exampleHsmStore({ name: one.name })))
    await insert(exampleHsmStore({ name: one.name, region: 'us-east-1' }))
    await assert.rejects(insert(exampleHsmStore({ clusterId: one.clusterId, account: uniqueAccount() })))
    const other = exampleHsmStore()
    await insert(other)
    const found = await store().keyStoresOfClusters([one.clusterId, other.clusterId, 'cluster-zzzzzzzzzzz'])
    assert.deepEqual(
      found.map(({ storeId }) => storeId),
      [one.storeId, other.storeId],
    )
  })

  test('lists and counts are those of account and Region, in order of id', async () => {
    const account = uniqueAccount()
    const stores = [exampleHsmStore({ account }), exampleExternalStore({ account }), exampleExternalStore({ account })]
    await insert(stores[2]!, stores[0]!, stores[1]!, exampleExternalStore({ account, region: 'us-east-1' }))
    const list = (after: string | undefined, limit: number) => store().listKeyStores(account, REGION, { after, limit })
    assert.deepEqual(await list(undefined, 2), stores.slice(0, 2))
    assert.deepEqual(await list(stores[1]!.storeId, 2), stores.slice(2))
    assert.equal(await store().countKeyStores(account, REGION), 3)
    assert.equal(await store().countKeyStores(uniqueAccount(), REGION), 0)
  })

  test('stores are found by connection state, whoever owns them', async () => {
    const connecting = exampleHsmStore({ account: uniqueAccount(), connectionState: 'CONNECTING' })
    await insert(connecting, exampleHsmStore())
    const found = await store().keyStoresIn(['CONNECTING', 'DISCONNECTING'])
    assert.deepEqual(
      found.filter(({ storeId }) => storeId === connecting.storeId),
      [connecting],
    )
    assert.ok(found.every(({ connectionState }) => connectionState === 'CONNECTING'))
  })

  test('a key in a store has its place, with the state and the cluster that the store has now', async () => {
    const { account, ...facts } = exampleHsmStore({ account: uniqueAccount() })
    const keyStore = { account, ...facts }
    await insert(keyStore)
    const key = exampleKey({ account, origin: 'AWS_CLOUDHSM', customKeyStore: placeIn(keyStore) })
    await store().change((change) => change.insertKey(key, []))
    assert.deepEqual(await store().findKey(key), key)
    const connected = { ...keyStore, connectionState: 'CONNECTED', clusterId: `${keyStore.clusterId}x` } as const
    await store().change((change) => change.updateKeyStore(connected))
    assert.deepEqual((await store().findKey(key))?.customKeyStore, placeIn(connected))
    assert.equal(await store().countKeysInStore(keyStore), 1)
    assert.deepEqual(await store().materialIdsInStore(keyStore, 10), [])
    const material = 'a1'.repeat(32)
    await store().change((change) => change.updateKey({ ...key, currentMaterialId: material }))
    assert.deepEqual(await store().materialIdsInStore(keyStore, 10), [material])
    assert.deepEqual(await store().materialIdsInStore(keyStore, 0), [])
    assert.equal(await store().countKeysInStore(exampleHsmStore()), 0)
  })

  test('an external key is one KMS key’s, in its store', async () => {
    const account = uniqueAccount()
    const stores = [exampleExternalStore({ account }), exampleExternalStore({ account })] as const
    await insert(...stores)
    const keyIn = (keyStore: CustomKeyStore) =>
      exampleKey({
        account,
        origin: 'EXTERNAL_KEY_STORE',
        customKeyStore: { ...placeIn(keyStore), suite: 16, xksKeyId: 'orders' },
      })
    const key = keyIn(stores[0])
    await store().change((change) => change.insertKey(key, []))
    assert.deepEqual(await store().findKey(key), key)
    assert.equal(await store().findKeyIdByXksKey(stores[0], 'orders'), key.keyId)
    assert.equal(await store().findKeyIdByXksKey(stores[1], 'orders'), undefined)
    assert.equal(await store().findKeyIdByXksKey(stores[0], 'Orders'), undefined)
    await assert.rejects(store().change((change) => change.insertKey(keyIn(stores[0]), [])))
    await store().change((change) => change.insertKey(keyIn(stores[1]), []))
    await store().change((change) => change.eraseKey(key))
    assert.equal(await store().findKeyIdByXksKey(stores[0], 'orders'), undefined)
  })

  test('every write of a store names it; a store that is gone already is no change', async () => {
    const heard: ChangeNotice[] = []
    store().onCommit((notices) => heard.push(...notices.filter(({ kind }) => kind === 'key-store')))
    const keyStore = exampleHsmStore()
    const { account, region, storeId } = keyStore
    const notice = { kind: 'key-store', subject: `${account}/${region}/${storeId}` }
    await insert(keyStore)
    await store().change((change) => change.updateKeyStore({ ...keyStore, attempt: 1 }))
    await store().change((change) => change.deleteKeyStore(keyStore))
    await store().change((change) => change.deleteKeyStore(keyStore))
    assert.deepEqual(heard, [notice, notice, notice])
    assert.equal(await store().findKeyStore(keyStore), undefined)
  })

  test('keys that are being made are kept until they are done, the oldest first', async () => {
    const { account, region, storeId } = exampleHsmStore({ account: uniqueAccount() })
    const begun = (materialId: string, createdAt: number) => ({
      ...{ account, region, storeId, createdAt },
      keyId: `key-${materialId}`,
      materialId: materialId.repeat(64),
    })
    const [young, old, older] = [begun('a', NOW), begun('b', NOW - 10), begun('c', NOW - 20)]
    await store().change(async (change) => {
      for (const key of [young, old, older]) await change.insertUnfinishedStoreKey(key)
    })
    assert.deepEqual(await store().unfinishedStoreKeys(NOW, 10), [older, old])
    assert.deepEqual(await store().unfinishedStoreKeys(NOW, 1), [older])
    await store().change((change) => change.deleteUnfinishedStoreKey(older))
    await store().change((change) => change.deleteUnfinishedStoreKey(older))
    assert.deepEqual(await store().unfinishedStoreKeys(NOW + 1, 10), [old, young])
  })
}
