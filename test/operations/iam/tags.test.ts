/** Tags of users and roles: authorization.md 6.1, R-8; texts as AWS was recorded to answer. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../../support/harness.ts'
import { assertFails, lastRecord } from '../support.ts'
import { callIam, newUser, notAllowed, TRUST_POLICY } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

type Kind = 'User' | 'Role'

let made = 0
/** The member that names a new user or role. */
async function newOwner(kind: Kind, Tags: readonly object[] = []): Promise<Record<string, string>> {
  made += 1
  const named = { [`${kind}Name`]: `tagged-${made}` }
  const trust = kind === 'Role' ? { AssumeRolePolicyDocument: TRUST_POLICY } : {}
  await callIam(harness, `Create${kind}`, { ...named, ...trust, Tags })
  return named
}

async function tagsOf(kind: Kind, named: object) {
  return (await callIam(harness, `List${kind}Tags`, named)).Tags
}

for (const kind of ['User', 'Role'] as const) {
  test(`Tag${kind} adds and changes tags, Untag${kind} removes them, both ignoring the case of keys`, async () => {
    const named = await newOwner(kind, [{ Key: 'Team', Value: 'a' }])
    const Tags = [
      { Key: 'team', Value: 'b' },
      { Key: 'Stage', Value: '' },
    ] as const
    assert.equal(await callIam(harness, `Tag${kind}`, { ...named, Tags }), undefined)
    const { requestParameters } = lastRecord(harness)
    assert.deepEqual(requestParameters.tags, [
      { key: 'team', value: 'b' },
      { key: 'Stage', value: '' },
    ])
    assert.deepEqual(await tagsOf(kind, named), [Tags[1], Tags[0]])
    await callIam(harness, `Untag${kind}`, { ...named, TagKeys: ['TEAM', 'unknown'] })
    assert.deepEqual(await tagsOf(kind, named), [{ Key: 'Stage', Value: '' }])
  })

  test(`List${kind}Tags sorts by key, on all pages (API reference)`, async () => {
    const tag = (Key: string) => ({ Key, Value: 'v' })
    const named = await newOwner(kind, ['b', 'C', 'a'].map(tag))
    assert.deepEqual(await tagsOf(kind, named), ['C', 'a', 'b'].map(tag))
    const { Tags, Marker } = await callIam(harness, `List${kind}Tags`, { ...named, MaxItems: 2 })
    assert.deepEqual(Tags, ['C', 'a'].map(tag))
    assert.deepEqual((await callIam(harness, `List${kind}Tags`, { ...named, Marker })).Tags, [tag('b')])
  })

  test(`Tag${kind} refuses keys that differ in case alone, and more than fifty tags`, async () => {
    const named = await newOwner(kind)
    const twice = [
      { Key: 'k', Value: '1' },
      { Key: 'K', Value: '2' },
    ]
    await assertFails(
      callIam(harness, `Tag${kind}`, { ...named, Tags: twice }),
      'InvalidInput',
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    )
    const many = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index + 10}`, Value: 'v' }))
    await callIam(harness, `Tag${kind}`, { ...named, Tags: many })
    await callIam(harness, `Tag${kind}`, { ...named, Tags: many })
    await assert.rejects(callIam(harness, `Tag${kind}`, { ...named, Tags: twice.slice(1) }), { code: 'LimitExceeded' })
    const tooMany = [...many, { Key: 'k60', Value: 'v' }]
    await assert.rejects(callIam(harness, `Tag${kind}`, { ...named, Tags: tooMany }), { code: 'ValidationException' })
    assert.deepEqual(await tagsOf(kind, named), many)
  })

  test(`Tag${kind} refuses reserved keys before double ones, and to add nothing, after the permission was asked for (recorded)`, async () => {
    const named = await newOwner(kind)
    const reserved = { Key: 'aws:reserved', Value: 'v' }
    const refusals: readonly (readonly [Tags: readonly object[], text: string])[] = [
      [[reserved], 'Tag keys beginning with aws: are reserved for system use.'],
      [[{ ...reserved, Key: 'AWS:reserved' }], 'Tag keys beginning with aws: are reserved for system use.'],
      [[reserved, reserved], 'Tag keys beginning with aws: are reserved for system use.'],
      [[], 'Error occurred while validating input. '],
    ]
    const nobody = await newUser(harness, `nobody-${kind}`)
    for (const [Tags, text] of refusals) {
      await assertFails(callIam(harness, `Tag${kind}`, { ...named, Tags }), 'InvalidInput', text)
      await assert.rejects(callIam(harness, `Tag${kind}`, { ...named, Tags }, nobody), {
        code: 'AccessDeniedException',
      })
    }
    await callIam(harness, `Tag${kind}`, { ...named, Tags: [{ Key: 'mine', Value: 'aws:reserved' }] })
    await callIam(harness, `Untag${kind}`, { ...named, TagKeys: [] })
    await callIam(harness, `Untag${kind}`, { ...named, TagKeys: ['aws:reserved', 'MINE', 'mine'] })
    assert.deepEqual(await tagsOf(kind, named), [])
  })

  test(`List${kind}Tags pages`, async () => {
    const Tags = ['a', 'b', 'c'].map((Key) => ({ Key, Value: Key }))
    const named = await newOwner(kind, Tags)
    const first = await callIam(harness, `List${kind}Tags`, { ...named, MaxItems: 2 })
    assert.deepEqual(first.Tags, Tags.slice(0, 2))
    assert.equal(first.IsTruncated, true)
    const rest = await callIam(harness, `List${kind}Tags`, { ...named, MaxItems: 2, Marker: first.Marker })
    assert.deepEqual([rest.Tags, rest.IsTruncated], [Tags.slice(2), false])
  })

  test(`tags of a ${kind} that does not exist fail`, async () => {
    const named = { [`${kind}Name`]: 'nobody' }
    const text = `The ${kind.toLowerCase()} with name nobody cannot be found.`
    for (const [operation, body] of [
      [`Tag${kind}`, { Tags: [{ Key: 'k', Value: 'v' }] }],
      [`Untag${kind}`, { TagKeys: ['k'] }],
      [`List${kind}Tags`, {}],
    ] as const) {
      await assertFails(callIam(harness, operation, { ...named, ...body }), 'NoSuchEntity', text)
    }
  })
}

test('policies can ask for the tags that are there and for those that are asked for', async () => {
  const Condition = {
    StringEquals: { 'iam:ResourceTag/team': 'blue', 'aws:ResourceTag/team': 'blue', 'aws:RequestTag/stage': 'dev' },
    'ForAllValues:StringEquals': { 'aws:TagKeys': ['stage'] },
  }
  const tagger = await newUser(harness, 'tagger', { Action: ['iam:TagUser'], Resource: '*', Condition })
  const blue = await newOwner('User', [{ Key: 'Team', Value: 'blue' }])
  const red = await newOwner('User', [{ Key: 'Team', Value: 'red' }])
  const tag = (named: object, ...Tags: readonly object[]) => callIam(harness, 'TagUser', { ...named, Tags }, tagger)
  await tag(blue, { Key: 'stage', Value: 'dev' })
  const denied = (named: Record<string, string>) =>
    ['AccessDeniedException', notAllowed(tagger, 'iam:TagUser', `user ${named.UserName!}`)] as const
  await assertFails(tag(red, { Key: 'stage', Value: 'dev' }), ...denied(red))
  await assertFails(tag(blue, { Key: 'stage', Value: 'prod' }), ...denied(blue))
  await assertFails(tag(blue, { Key: 'stage', Value: 'dev' }, { Key: 'other', Value: '' }), ...denied(blue))
})

test('UntagUser is judged by the keys that it would remove', async () => {
  const Condition = { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['team'] } }
  const untagger = await newUser(
    harness,
    'untagger',
    { Action: 'iam:UntagUser', Resource: '*' },
    { Effect: 'Deny', Action: 'iam:UntagUser', Resource: '*', Condition },
  )
  const named = await newOwner('User', [
    { Key: 'team', Value: 'blue' },
    { Key: 'stage', Value: 'dev' },
  ])
  await callIam(harness, 'UntagUser', { ...named, TagKeys: ['stage'] }, untagger)
  await assert.rejects(callIam(harness, 'UntagUser', { ...named, TagKeys: ['team'] }, untagger), {
    code: 'AccessDeniedException',
  })
  assert.deepEqual(await tagsOf('User', named), [{ Key: 'team', Value: 'blue' }])
})
