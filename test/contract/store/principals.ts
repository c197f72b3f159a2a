import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredUser } from '../../../src/domain/identity/entities.ts'
import type { Store } from '../../../src/domain/store.ts'
import { NOW, uniqueAccount } from './examples.ts'

export function principalTests(store: () => Store): void {
  const account = uniqueAccount()
  const name = { account, userName: 'alice', path: '/team/', userId: 'AIDAALICE' }
  const user: StoredUser = { ...name, createdAt: NOW, tags: [], boundaryArn: undefined }
  const token = Buffer.from([0, 255, 1])
  const accessKey = { accessKeyId: 'AKIAALICE', account, userName: 'alice', active: true, token, createdAt: NOW + 1 }

  test('an access key is found together with its user', async () => {
    await store().change(async (change) => {
      await change.insertAccount(account, NOW)
      await change.insertUser(user)
      await change.insertAccessKey(accessKey)
    })
    assert.deepEqual(await store().findCredential('AKIAALICE'), { accessKey, user })
    assert.equal(await store().findCredential('AKIANOBODY'), undefined)
    assert.equal(await store().findCredential('akiaalice'), undefined)
  })

  test("the account's root has an access key without a user, and a key can be inactive", async () => {
    const ofRoot = { ...accessKey, accessKeyId: 'AKIAROOT', userName: undefined, active: false }
    await store().change((change) => change.insertAccessKey(ofRoot))
    assert.deepEqual(await store().findCredential('AKIAROOT'), { accessKey: ofRoot, user: undefined })
  })

  test('users of unknown accounts and access keys of unknown users are refused', async () => {
    const stranger = { ...user, account: uniqueAccount(), userId: 'AIDASTRANGER' }
    await assert.rejects(store().change((change) => change.insertUser(stranger)))
    const lost = { ...accessKey, accessKeyId: 'AKIALOST', userName: 'bob' }
    await assert.rejects(store().change((change) => change.insertAccessKey(lost)))
    assert.equal(await store().findCredential('AKIALOST'), undefined)
  })

  test('names and ids of users and access keys are given once', async () => {
    await assert.rejects(store().change((change) => change.insertUser({ ...user, userId: 'AIDAOTHER' })))
    await assert.rejects(store().change((change) => change.insertUser({ ...user, userName: 'other' })))
    await assert.rejects(store().change((change) => change.insertAccessKey(accessKey)))
  })

  test('listAccounts gives the accounts in order, each once', async () => {
    const later = uniqueAccount()
    await store().change((change) => change.insertAccount(later, NOW))
    await store().change((change) => change.insertAccount(account, NOW + 1))
    assert.deepEqual(await store().listAccounts(), [account, later])
  })
}

export function domainKeyTests(store: () => Store): void {
  test('the newest domain key is the one made last, whichever came into the store last', async () => {
    assert.equal(await store().newestDomainKey(), undefined)
    const made = (id: string, createdAt: number) => ({
      ...{ id, rootKeyId: 'root-1', wrapped: Buffer.from(id), createdAt },
      unusedSince: undefined,
    })
    const [old, newest, older] = [made('b', NOW), made('a', NOW + 2), made('c', NOW + 1)]
    for (const key of [old, newest, older]) await store().change((change) => change.insertDomainKey(key))
    assert.deepEqual(await store().newestDomainKey(), newest)
    assert.deepEqual(await store().findDomainKey('c'), older)
    assert.equal(await store().findDomainKey('d'), undefined)
    assert.deepEqual(await store().listDomainKeys(), [old, older, newest])
  })

  test('a domain key that is wrapped anew keeps its name and age, and one that is not there cannot be', async () => {
    const before = await store().listDomainKeys()
    await store().change((change) => change.rewrapDomainKey('c', 'root-2', Buffer.from('anew')))
    const expected = before.map((key) =>
      key.id === 'c' ? { ...key, rootKeyId: 'root-2', wrapped: Buffer.from('anew') } : key,
    )
    assert.deepEqual(await store().listDomainKeys(), expected)
    await assert.rejects(store().change((change) => change.rewrapDomainKey('d', 'root-2', Buffer.from('anew'))))
  })
}
