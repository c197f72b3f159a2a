import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Store } from '../../../src/domain/store.ts'
import { exampleAlias, exampleKey, FIRST_PAGE, insert, NOW, REGION, uniqueAccount } from './examples.ts'

export function listTests(store: () => Store): void {
  /** Reads page after page, as the list operations do. */
  async function allPages<T>(
    limit: number,
    read: (after: string | undefined) => Promise<readonly T[]>,
    name: (item: T) => string,
  ) {
    const items: T[] = []
    for (let after: string | undefined; ; after = name(items.at(-1)!)) {
      const page = await read(after)
      assert.ok(page.length <= limit, `a page has ${page.length} items, asked for ${limit}`)
      items.push(...page)
      if (page.length < limit) return items
    }
  }

  test('listKeys gives the keys of one account and Region, in order of key id', async () => {
    const account = uniqueAccount()
    const keys = ['c', 'a', 'b'].map((keyId) => exampleKey({ account, keyId }))
    await insert(
      store(),
      ...keys,
      exampleKey({ account, region: 'us-east-1' }),
      exampleKey({ account: uniqueAccount() }),
    )
    const listed = await store().listKeys(account, REGION, FIRST_PAGE, NOW)
    assert.deepEqual(
      listed,
      ['a', 'b', 'c'].map((keyId) => ({ account, region: REGION, keyId })),
    )
    assert.equal(await store().countKeys(account, REGION), 3)
    assert.equal(await store().countKeys(account, 'us-west-2'), 0)
  })

  test('keys of AWS services are listed and not counted (lifecycle.md MGD-5)', async () => {
    const account = uniqueAccount()
    const [own, managed] = [exampleKey({ account, keyId: 'a' }), exampleKey({ account, keyId: 'b', manager: 'AWS' })]
    await insert(store(), own, managed)
    const names = ['alias/aw', 'alias/aws', 'alias/aws-like', 'alias/aws0']
    await store().change(async (change) => {
      await change.insertAlias(exampleAlias(managed, 'alias/aws/s3'))
      for (const name of names) await change.insertAlias(exampleAlias(own, name))
    })
    assert.equal((await store().listKeys(account, REGION, FIRST_PAGE, NOW)).length, 2)
    assert.equal(await store().countKeys(account, REGION), 1)
  })

  test('from its deletion date on a key is in no list, and neither are its aliases (lifecycle.md DEL-12)', async () => {
    const account = uniqueAccount()
    const due = exampleKey({ account, keyId: 'due', deletion: { windowInDays: 7, date: NOW } })
    const waiting = exampleKey({ account, keyId: 'waiting', deletion: { windowInDays: 7, date: NOW + 1 } })
    await insert(store(), due, waiting)
    await store().change(async (change) => {
      await change.insertAlias(exampleAlias(due, 'alias/due'))
      await change.insertAlias(exampleAlias(waiting, 'alias/waiting'))
    })
    const keys = await store().listKeys(account, REGION, FIRST_PAGE, NOW)
    assert.deepEqual(
      keys.map(({ keyId }) => keyId),
      ['waiting'],
    )
    const aliases = await store().listAliases(account, REGION, undefined, FIRST_PAGE, NOW)
    assert.deepEqual(
      aliases.map(({ aliasName }) => aliasName),
      ['alias/waiting'],
    )
    assert.deepEqual(await store().listAliases(account, REGION, 'due', FIRST_PAGE, NOW), [])
    assert.equal((await store().listKeys(account, REGION, FIRST_PAGE, NOW - 1)).length, 2)
  })

  test('listAliases gives whole aliases in byte order, of one key if asked', async () => {
    const account = uniqueAccount()
    const [first, second] = [exampleKey({ account }), exampleKey({ account })]
    await insert(store(), first, second)
    const names = ['alias/b', 'alias/B', 'alias/a_', 'alias/a-', 'alias/a/1', 'alias/a']
    const aliases = names.map((aliasName, index) => exampleAlias(index % 2 === 0 ? first : second, aliasName))
    await store().change(async (change) => {
      for (const alias of aliases) await change.insertAlias(alias)
    })
    const expected = aliases.toSorted((left, right) => (left.aliasName < right.aliasName ? -1 : 1))
    assert.deepEqual(await store().listAliases(account, REGION, undefined, FIRST_PAGE, NOW), expected)
    assert.deepEqual(
      await store().listAliases(account, REGION, first.keyId, FIRST_PAGE, NOW),
      expected.filter(({ keyId }) => keyId === first.keyId),
    )
    assert.deepEqual(await store().listAliases(account, 'us-east-1', undefined, FIRST_PAGE, NOW), [])
  })

  test('pages of any size together are the whole list', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9/_-]{1,20}$/), { maxLength: 12 }),
        fc.integer({ min: 1, max: 13 }),
        async (ids, limit) => {
          const account = uniqueAccount()
          await store().change(async (change) => {
            for (const keyId of ids) {
              const key = exampleKey({ account, keyId })
              await change.insertKey(key, [])
              await change.insertAlias(exampleAlias(key, `alias/${keyId}`))
            }
          })
          const readKeys = (after: string | undefined) => store().listKeys(account, REGION, { after, limit }, NOW)
          const keys = await allPages(limit, readKeys, ({ keyId }) => keyId)
          assert.deepEqual(
            keys.map(({ keyId }) => keyId),
            ids.toSorted(),
          )
          const readAliases = (after: string | undefined) =>
            store().listAliases(account, REGION, undefined, { after, limit }, NOW)
          const aliases = await allPages(limit, readAliases, ({ aliasName }) => aliasName)
          assert.deepEqual(
            aliases.map(({ keyId }) => keyId),
            ids.toSorted(),
          )
        },
      ),
      { numRuns: 40 },
    )
  })
}
