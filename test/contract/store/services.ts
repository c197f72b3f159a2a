/** Services and their access keys. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChangeNotice, Store } from '../../../src/domain/store.ts'
import { NOW } from './examples.ts'

export function serviceTests(store: () => Store): void {
  async function noticesOf(work: Parameters<Store['change']>[0]): Promise<readonly ChangeNotice[]> {
    const heard: ChangeNotice[] = []
    store().onCommit((notices) => heard.push(...notices))
    await store().change(work)
    // Of this change alone: the listener stays.
    return heard.slice()
  }

  test('a service is there once, with its access keys, and goes with them', async () => {
    const name = 'billing.example.com'
    await store().change((change) => change.insertService({ name, createdAt: NOW }))
    await store().change((change) => change.insertService({ name, createdAt: NOW + 1 }))
    assert.equal(await store().hasService(name), true)
    assert.equal(await store().hasService('example.com'), false)
    assert.deepEqual(await store().listServices(), [{ name, createdAt: NOW }])

    const accessKeyId = 'AKIASERVICESERVICE01'
    const key = { accessKeyId, service: name, active: true, token: Buffer.from('sealed'), createdAt: NOW }
    const older = { ...key, accessKeyId: 'AKIASERVICESERVICE02', createdAt: NOW - 1 }
    const notice = [{ kind: 'access-key', subject: accessKeyId }]
    assert.deepEqual(await noticesOf((change) => change.insertServiceAccessKey(key)), notice)
    await store().change((change) => change.insertServiceAccessKey(older))
    assert.deepEqual(await store().listServiceAccessKeys(name), [older, key])
    assert.deepEqual(await store().findServiceAccessKey(accessKeyId), key)
    assert.equal(await store().findCredential(accessKeyId), undefined)

    assert.deepEqual(await noticesOf((change) => change.setServiceAccessKeyActive(accessKeyId, false)), notice)
    assert.deepEqual(await store().findServiceAccessKey(accessKeyId), { ...key, active: false })
    await assert.rejects(store().change((change) => change.setServiceAccessKeyActive('AKIAGONE', false)))

    const use = { accessKeyId, usedAt: NOW, service: 'kms', region: 'eu-central-1' }
    await store().saveAccessKeyUses([use])
    assert.deepEqual(await store().findAccessKeyUse(accessKeyId), use)

    assert.deepEqual(await noticesOf((change) => change.deleteServiceAccessKey(accessKeyId)), notice)
    assert.equal(await store().findServiceAccessKey(accessKeyId), undefined)
    const gone = await noticesOf((change) => change.deleteService(name))
    assert.deepEqual(gone, [{ kind: 'access-key', subject: older.accessKeyId }])
    assert.deepEqual([await store().listServices(), await store().listServiceAccessKeys(name)], [[], []])
  })
}
