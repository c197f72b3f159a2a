/** Pages of IAM's lists: everything once, whatever the size of the pages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { KmsError } from '../../../src/base/errors.ts'
import { IAM_OPERATIONS } from '../../../src/operations/iam/index.ts'
import { type IamPageEnd, iamPageByPosition, iamPageOf } from '../../../src/operations/shapes/iam-paging.ts'

/** As far as markers lead. */
function walk<T>(
  MaxItems: number,
  page: (request: object) => { readonly items: readonly T[]; readonly end: IamPageEnd },
) {
  const seen: T[] = []
  let end: IamPageEnd = { IsTruncated: true }
  while (end.IsTruncated) {
    const next = page({ MaxItems, ...(end.Marker === undefined ? {} : { Marker: end.Marker }) })
    assert.ok(next.items.length <= MaxItems)
    assert.equal(next.end.IsTruncated, next.end.Marker !== undefined)
    seen.push(...next.items)
    end = next.end
  }
  return seen
}

const names = fc.uniqueArray(fc.stringMatching(/^[\w+=,.@-]{1,128}$/), { maxLength: 30 })
const pageSize = fc.integer({ min: 1, max: 10 })

test('names come once each, in order', () => {
  fc.assert(
    fc.property(names, pageSize, (all, size) => {
      const seen = walk(size, (request) => iamPageOf(request, 'List', all, (name) => name))
      assert.deepEqual(seen, all.toSorted())
    }),
  )
})

test('what has no name comes once each, as it stands', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 30 }), pageSize, (all, size) => {
      assert.deepEqual(
        walk(size, (request) => iamPageByPosition(request, 'List', all)),
        all,
      )
    }),
  )
})

test('a name that goes away between two pages takes none along', () => {
  const all = ['a', 'b', 'c', 'd']
  const { end } = iamPageOf({ MaxItems: 2 }, 'List', all, (name) => name)
  const rest = iamPageOf({ MaxItems: 2, Marker: end.Marker! }, 'List', ['a', 'c', 'd'], (name) => name)
  assert.deepEqual(rest.items, ['c', 'd'])
})

test('a marker is never longer than the 320 characters that a client may send back', () => {
  const longest = 'x'.repeat(130)
  const lists = IAM_OPERATIONS.map(({ name }) => name).filter((name) => name.startsWith('List'))
  assert.ok(lists.length > 20)
  for (const operation of lists) {
    const { end } = iamPageOf({ MaxItems: 1 }, operation, [longest, `${longest}y`], (name) => name)
    assert.ok(end.Marker!.length <= 320, operation)
  }
})

test('a marker of another list, or spelled in another way, is refused', () => {
  const { end } = iamPageOf({ MaxItems: 1 }, 'ListA', ['a', 'b'], (name) => name)
  const refused = (Marker: string) =>
    assert.throws(
      () => iamPageOf({ Marker }, 'ListB', ['a', 'b'], (name) => name),
      (error) => error instanceof KmsError && error.code === 'ValidationException',
    )
  refused(end.Marker!)
  for (const change of ['=', ' ', 'A']) refused(end.Marker! + change)
  const positions = Buffer.from('["ListB","1e400"]').toString('base64url')
  assert.throws(() => iamPageByPosition({ Marker: positions }, 'ListB', ['a']), { code: 'ValidationException' })
  const negative = Buffer.from('["ListB","-1"]').toString('base64url')
  assert.throws(() => iamPageByPosition({ Marker: negative }, 'ListB', ['a']), { code: 'ValidationException' })
})
