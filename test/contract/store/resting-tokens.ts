/** Tokens where they rest, in every table that holds any (lifecycle.md ENV-31). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  RESTING_TOKEN_KINDS,
  type RestingToken,
  type RestingTokenKind,
} from '../../../src/domain/resealing/resting-token.ts'
import type { Store } from '../../../src/domain/store.ts'
import { exampleExternalStore, exampleHsmStore } from '../../support/key-stores.ts'
import { exampleKey, exampleMaterial, NOW, REGION, uniqueAccount } from './examples.ts'

/** As long as tokens are: of each kind two, and one without a token where that can be. */
async function insertExamples(store: Store): Promise<string> {
  const account = uniqueAccount()
  const key = exampleKey({ account })
  const service = `service-${account}.example.com`
  const token = (name: string) => Buffer.from(`token of ${name}`)
  await store.change(async (change) => {
    await change.insertAccount(account, NOW)
    await change.insertKey(key, [
      { ...exampleMaterial(key), token: token('material 1') },
      { ...exampleMaterial(key), token: token('material 2') },
      { ...exampleMaterial(key), token: undefined },
    ])
    const accessKey = { account, userName: undefined, active: true, createdAt: NOW }
    for (const id of [1, 2])
      await change.insertAccessKey({ ...accessKey, accessKeyId: `AKIA${account}${id}`, token: token(`user ${id}`) })
    await change.insertService({ name: service, createdAt: NOW })
    for (const id of [3, 4]) {
      const facts = { service, active: true, createdAt: NOW }
      await change.insertServiceAccessKey({ ...facts, accessKeyId: `AKIA${account}${id}`, token: token(`s ${id}`) })
    }
    await change.insertKeyStore(exampleExternalStore({ account, secret: token('external store') }))
    for (const id of [1, 2]) {
      const tokens = { secret: token(`hsm ${id}`), pendingSecret: token(`pending ${id}`) }
      await change.insertKeyStore(exampleHsmStore({ account, ...tokens }))
    }
  })
  return account
}

async function walk(store: Store, kind: RestingTokenKind, limit: number): Promise<RestingToken[]> {
  const all: RestingToken[] = []
  for (;;) {
    const page = await store.restingTokens(kind, all.at(-1), limit)
    assert.ok(page.length <= limit)
    if (page.length === 0) return all
    all.push(...page)
  }
}

export function restingTokenTests(store: () => Store): void {
  test('a walk in pages meets every token of a kind once', async () => {
    const account = await insertExamples(store())
    const found = new Set<string>()
    for (const kind of RESTING_TOKEN_KINDS) {
      const all = await walk(store(), kind, 1_000)
      assert.deepEqual(await walk(store(), kind, 1), all)
      for (const { token } of all) found.add(token.toString())
    }
    for (const name of ['material 1', 'material 2', 'user 1', 'user 2', 's 3', 's 4', 'hsm 1', 'hsm 2', 'pending 2'])
      assert.ok(found.has(`token of ${name}`), name)
    const [ofRoot] = (await walk(store(), 'access key', 10)).filter(
      (resting) => 'account' in resting && resting.account === account,
    )
    assert.deepEqual(ofRoot, {
      ...{ kind: 'access key', accessKeyId: `AKIA${account}1`, account, userId: undefined },
      token: Buffer.from('token of user 1'),
    })
  })

  test('a token is replaced where it is still the one that was read, and nothing else changes', async () => {
    await insertExamples(store())
    for (const kind of RESTING_TOKEN_KINDS) {
      const before = await walk(store(), kind, 100)
      const [resting] = before
      const fresh = Buffer.from(`fresh ${kind}`)
      assert.equal(await store().change((change) => change.replaceToken(resting!, fresh)), true)
      assert.equal(await store().change((change) => change.replaceToken(resting!, Buffer.from('late'))), false)
      assert.deepEqual(await walk(store(), kind, 100), [{ ...resting, token: fresh }, ...before.slice(1)])
    }
  })

  test('a token that is deleted meanwhile does not come back', async () => {
    const key = exampleKey({ account: uniqueAccount() })
    const material = { ...exampleMaterial(key), token: Buffer.from('imported') }
    await store().change((change) => change.insertKey(key, [material]))
    await store().change((change) => change.updateMaterial({ ...material, token: undefined }))
    const { materialId, token } = material
    const resting = { kind: 'key material', region: REGION, materialId, token } as const
    assert.equal(await store().change((change) => change.replaceToken(resting, Buffer.from('fresh'))), false)
    assert.equal((await store().findMaterial(REGION, materialId))?.token, undefined)
  })

  test('a domain key is noted as unused, as used again, and deleted; each time the nodes are told', async () => {
    const id = 'e'.repeat(32)
    const heard: unknown[] = []
    store().onCommit((notices) => heard.push(...notices.filter(({ subject }) => subject === id)))
    const key = { id, rootKeyId: 'root', wrapped: Buffer.from('wrapped'), createdAt: NOW - 1000 }
    await store().change((change) => change.insertDomainKey(key))
    await store().change((change) => change.setDomainKeyUnused(id, NOW))
    assert.deepEqual(await store().findDomainKey(id), { ...key, unusedSince: NOW })
    await store().change((change) => change.setDomainKeyUnused(id, undefined))
    assert.deepEqual(await store().findDomainKey(id), { ...key, unusedSince: undefined })
    await store().change((change) => change.deleteDomainKey(id))
    await store().change((change) => change.deleteDomainKey(id))
    assert.equal(await store().findDomainKey(id), undefined)
    assert.deepEqual(
      heard.map((notice) => (notice as { kind: string }).kind),
      ['domain-key', 'unused-domain-key', 'unused-domain-key', 'domain-key', 'domain-key'],
    )
  })
}
