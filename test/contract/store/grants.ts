import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import fc from 'fast-check'
import type { Grant } from '../../../src/domain/grants/grant.ts'
import type { KeyName } from '../../../src/domain/keys/key.ts'
import type { ChangeNotice, Store } from '../../../src/domain/store.ts'
import { exampleKey, FIRST_PAGE, hexId, insert, NOW, REGION, ref, uniqueAccount } from './examples.ts'

export function exampleGrant({ account, region, keyId }: KeyName, facts: Partial<Grant> = {}): Grant {
  return {
    account,
    region,
    keyId,
    grantId: hexId(),
    name: undefined,
    createdAt: NOW,
    grantee: 'AIDAGRANTEE',
    retiring: undefined,
    issuingAccount: account,
    operations: ['Decrypt', 'Encrypt'],
    constraints: undefined,
    retryDigest: undefined,
    ...facts,
  }
}

export function grantTests(store: () => Store): void {
  const key = exampleKey()
  before(() => insert(store(), key))

  const insertAll = (...grants: Grant[]) =>
    store().change(async (change) => {
      for (const grant of grants) await change.insertGrant(grant)
    })

  const ids = (grants: readonly Grant[]) => grants.map(({ grantId }) => grantId)

  test('a grant comes back as it was given, whatever its pairs are called', async () => {
    const pairs = JSON.parse('{"__proto__":"a","constructor":"","ä\\u0000":"b"}')
    const grants = [
      exampleGrant(key),
      exampleGrant(key, { name: 'n', retiring: 'AROARETIRES:s', issuingAccount: '999999999999', retryDigest: hexId() }),
      exampleGrant(key, { constraints: { encryptionContextEquals: pairs } }),
      exampleGrant(key, { constraints: { encryptionContextSubset: {}, sourceArn: 'arn:aws:s3:::b' } }),
    ]
    await insertAll(...grants)
    for (const grant of grants) assert.deepEqual(await store().findGrant(grant), grant)
    const [{ grantId }] = grants as [Grant]
    assert.equal(await store().findGrant({ ...exampleKey(), grantId }), undefined)
    assert.equal(await store().findGrant({ ...key, grantId: hexId() }), undefined)
  })

  test('findGrants gives those of the grantees that are asked for, of this key alone', async () => {
    const [own, other] = [exampleKey(), exampleKey()]
    await insert(store(), own, other)
    const [first, second, third] = ['AROAX', 'AROAX:s', 'AROAY'].map((grantee) => exampleGrant(own, { grantee })) as [
      Grant,
      Grant,
      Grant,
    ]
    await insertAll(first, second, third, exampleGrant(other, { grantee: 'AROAX' }))
    assert.deepEqual(
      ids(await store().findGrants(own, ['AROAX:s', 'AROAX', '111122223333'])).sort(),
      ids([first, second]).sort(),
    )
    assert.deepEqual(ids(await store().findGrants(own, ['AROAY'])), [third.grantId])
    assert.deepEqual(await store().findGrants(own, ['aroax']), [])
    assert.deepEqual(await store().findGrants(own, []), [])
  })

  test('countGrants and hasGrants look at one key', async () => {
    const [two, none] = [exampleKey(), exampleKey()]
    await insert(store(), two, none)
    await insertAll(exampleGrant(two), exampleGrant(two))
    assert.deepEqual([await store().countGrants(two), await store().hasGrants(two)], [2, true])
    assert.deepEqual([await store().countGrants(none), await store().hasGrants(none)], [0, false])
  })

  test('a grant is found by what its retry has in common with it', async () => {
    const retryDigest = hexId()
    const grant = exampleGrant(key, { name: 'n', retryDigest })
    await insertAll(grant)
    assert.deepEqual(await store().findGrantByRetryDigest(key, retryDigest), grant)
    assert.equal(await store().findGrantByRetryDigest(key, hexId()), undefined)
    assert.equal(await store().findGrantByRetryDigest(exampleKey(), retryDigest), undefined)
  })

  test('listGrants filters by id and by grantee', async () => {
    const own = exampleKey()
    await insert(store(), own)
    const [first, second] = [exampleGrant(own, { grantee: 'AIDAA' }), exampleGrant(own, { grantee: 'AIDAB' })]
    await insertAll(first, second)
    const listed = async (filter: object) => ids(await store().listGrants(own, FIRST_PAGE, filter))
    assert.deepEqual(await listed({}), ids([first, second]))
    assert.deepEqual(await listed({ grantee: 'AIDAB' }), [second.grantId])
    assert.deepEqual(await listed({ grantId: first.grantId }), [first.grantId])
    assert.deepEqual(await listed({ grantId: first.grantId, grantee: 'AIDAB' }), [])
  })

  test('pages of any size together are the whole list', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(12), fc.integer({ min: 1, max: 13 }), async (count, limit) => {
        const own = exampleKey()
        await insert(store(), own)
        const retiring = `AROA${own.keyId}`
        const grants = Array.from({ length: count }, () => exampleGrant(own, { retiring, grantId: randomId() }))
        await insertAll(...grants)
        const whole = ids(grants).sort()
        assert.deepEqual(await allPages(limit, (after) => store().listGrants(own, { after, limit }, {})), whole)
        const retirable = (after: string | undefined) =>
          store().listRetirableGrants(REGION, retiring, { after, limit }, NOW)
        assert.deepEqual(await allPages(limit, retirable), whole)
      }),
      { numRuns: 20 },
    )
  })

  test('listRetirableGrants sees all accounts of its Region, and no key whose deletion date has come', async () => {
    const retiring = 'AROARETIRING:one'
    const own = exampleKey()
    const foreign = exampleKey({ account: uniqueAccount() })
    const elsewhere = exampleKey({ region: 'us-east-1' })
    const waiting = exampleKey({ deletion: { windowInDays: 7, date: NOW + 1 } })
    const gone = exampleKey({ deletion: { windowInDays: 7, date: NOW } })
    await insert(store(), own, foreign, elsewhere, waiting, gone)
    const grants = [own, foreign, elsewhere, waiting, gone].map((key) => exampleGrant(key, { retiring }))
    await insertAll(
      ...grants,
      exampleGrant(own, { retiring: 'AROARETIRING:two' }),
      exampleGrant(own, { grantee: retiring }),
    )
    const listed = ids(await store().listRetirableGrants(REGION, retiring, FIRST_PAGE, NOW))
    assert.deepEqual(listed, ids([grants[0]!, grants[1]!, grants[3]!]).sort())
  })

  test('deleteGrant says whether there was anything to delete', async () => {
    const grant = exampleGrant(key)
    await insertAll(grant, exampleGrant(key))
    const before = await store().countGrants(key)
    assert.equal(await store().change((change) => change.deleteGrant(grant)), true)
    assert.equal(await store().change((change) => change.deleteGrant(grant)), false)
    assert.equal(await store().countGrants(key), before - 1)
  })

  test('a grant is of a key that there is, and its id is given once', async () => {
    const grant = exampleGrant(key)
    await insertAll(grant)
    await assert.rejects(insertAll(grant))
    await assert.rejects(insertAll(exampleGrant(exampleKey())))
  })

  test('every write names the key, and so does the erasing of a key that has grants (GL-8)', async () => {
    const heard: ChangeNotice[] = []
    store().onCommit((notices) => heard.push(...notices))
    const [erased, bare] = [exampleKey(), exampleKey()]
    await insert(store(), erased, bare)
    const notice = { kind: 'grants', subject: ref(erased) }
    const after = async (work: () => Promise<unknown>) => {
      heard.length = 0
      await work()
      return heard.filter(({ kind }) => kind === 'grants')
    }
    const [grant, kept] = [exampleGrant(erased), exampleGrant(key)]
    assert.deepEqual(await after(() => insertAll(grant, exampleGrant(erased))), [notice])
    assert.deepEqual(await after(() => store().change((change) => change.deleteGrant(grant))), [notice])
    assert.deepEqual(await after(() => store().change((change) => change.deleteGrant(grant))), [])
    await insertAll(kept)
    assert.deepEqual(await after(() => store().change((change) => change.eraseKey(erased))), [notice])
    assert.deepEqual(await after(() => store().change((change) => change.eraseKey(bare))), [])
    assert.equal(await store().countGrants(erased), 0)
    assert.deepEqual(await store().findGrant(kept), kept)
  })
}

function randomId(): string {
  return crypto.randomUUID().replaceAll('-', '').padStart(64, '0')
}

async function allPages(limit: number, read: (after: string | undefined) => Promise<readonly Grant[]>) {
  const found: string[] = []
  for (let after: string | undefined; ; after = found.at(-1)) {
    const page = await read(after)
    found.push(...page.map(({ grantId }) => grantId))
    if (page.length < limit) return found
  }
}
