import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChangeNotice, Store } from '../../../src/domain/store.ts'
import { NOW, uniqueAccount } from './examples.ts'

export function revokedSessionTests(store: () => Store): void {
  const account = uniqueAccount()
  const session = (accessKeyId: string, expiresAt: number) => ({ accessKeyId, account, revokedAt: NOW, expiresAt })
  const page = { after: undefined, limit: 10 }

  test('what was revoked is revoked, once, and noted by its access key id', async () => {
    const heard: ChangeNotice[] = []
    store().onCommit((notices) => heard.push(...notices))
    const first = session('ASIAREVOKED1', NOW + 10)
    assert.equal(await store().isSessionRevoked('ASIAREVOKED1'), false)
    assert.equal(await store().change((change) => change.revokeSession(first)), true)
    assert.equal(await store().isSessionRevoked('ASIAREVOKED1'), true)
    assert.equal(await store().isSessionRevoked('asiarevoked1'), false)
    assert.deepEqual(heard, [{ kind: 'session', subject: 'ASIAREVOKED1' }])
    const later = { ...first, revokedAt: NOW + 5, expiresAt: NOW + 15 }
    assert.equal(await store().change((change) => change.revokeSession(later)), false)
    assert.deepEqual(await store().listRevokedSessions(page, NOW), [first])
    assert.equal(heard.length, 1)
  })

  test('the list is in order of access key id, page by page, without those that have expired', async () => {
    const [b, a] = [session('ASIALIST00B', NOW + 2), session('ASIALIST00A', NOW + 3)]
    for (const each of [b, a]) await store().change((change) => change.revokeSession(each))
    const from = { after: 'ASIALIST', limit: 1 }
    assert.deepEqual(await store().listRevokedSessions(from, NOW), [a])
    assert.deepEqual(await store().listRevokedSessions({ after: a.accessKeyId, limit: 1 }, NOW + 1), [b])
    const rest = await store().listRevokedSessions({ after: a.accessKeyId, limit: 10 }, NOW + 2)
    assert.ok(!rest.some(({ accessKeyId }) => accessKeyId === b.accessKeyId))
  })

  test('an entry counts until it is pruned, and is pruned once it has expired', async () => {
    const [gone, kept] = [session('ASIAPRUNED1', NOW + 20), session('ASIAPRUNED2', NOW + 21)]
    for (const each of [gone, kept]) await store().change((change) => change.revokeSession(each))
    await store().pruneRevokedSessions(NOW + 19)
    assert.equal(await store().isSessionRevoked(gone.accessKeyId), true)
    await store().pruneRevokedSessions(NOW + 20)
    assert.equal(await store().isSessionRevoked(gone.accessKeyId), false)
    assert.equal(await store().isSessionRevoked(kept.accessKeyId), true)
  })
}
