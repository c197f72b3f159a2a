/** Inline policies of users, roles and groups: authorization.md 1.6, 6.1, 6.6; texts as AWS was recorded to answer. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../../support/harness.ts'
import { assertFails, assertValidation, lastRecord } from '../support.ts'
import {
  callIam,
  iamArn,
  newUser,
  notAllowed,
  policyDocument,
  shownName,
  TRUST_POLICY,
  wrongCharacters,
} from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const LIST_USERS = policyDocument({ Action: 'iam:ListUsers', Resource: '*' })

/** authorization.md 6.1: characters of all inline policies together, white space not counted. */
const CHARS_MAX = { User: 2_048, Role: 10_240, Group: 5_120 } as const

type Kind = keyof typeof CHARS_MAX

const KINDS = Object.keys(CHARS_MAX) as Kind[]

let made = 0
/** The member that names a new user, role or group. */
async function newOwner(kind: Kind): Promise<Record<string, string>> {
  made += 1
  const named = { [`${kind}Name`]: `owner-${made}` }
  const trust = kind === 'Role' ? { AssumeRolePolicyDocument: TRUST_POLICY } : {}
  await callIam(harness, `Create${kind}`, { ...named, ...trust })
  return named
}

/** A valid policy of exactly so many characters. */
function policyOf(chars: number): string {
  const short = policyDocument({ Action: 'iam:ListUsers', Resource: 'arn:aws:iam::111122223333:user/' })
  return short.replace('user/', `user/${'x'.repeat(chars - short.length)}`)
}

for (const kind of KINDS) {
  test(`an inline policy of a ${kind} is put, shown percent-encoded, listed, replaced and deleted`, async () => {
    const named = await newOwner(kind)
    assert.deepEqual(await callIam(harness, `List${kind}Policies`, named), { PolicyNames: [], IsTruncated: false })
    const body = { ...named, PolicyName: 'first', PolicyDocument: LIST_USERS }
    assert.equal(await callIam(harness, `Put${kind}Policy`, body), undefined)
    assert.deepEqual(lastRecord(harness).requestParameters, {
      [`${kind.toLowerCase()}Name`]: named[`${kind}Name`],
      policyName: 'first',
      policyDocument: LIST_USERS,
    })
    const found = await callIam(harness, `Get${kind}Policy`, { ...named, PolicyName: 'first' })
    const { PolicyDocument } = found
    assert.deepEqual(found, { ...named, PolicyName: 'first', PolicyDocument })
    assert.match(PolicyDocument, /^[A-Za-z0-9%._~-]+$/)
    assert.equal(decodeURIComponent(PolicyDocument), LIST_USERS)

    const other = policyDocument({ Effect: 'Deny', Action: '*', Resource: '*' })
    await callIam(harness, `Put${kind}Policy`, { ...body, PolicyDocument: other })
    const replaced = await callIam(harness, `Get${kind}Policy`, { ...named, PolicyName: 'first' })
    assert.equal(decodeURIComponent(replaced.PolicyDocument), other)

    await callIam(harness, `Put${kind}Policy`, { ...body, PolicyName: 'another' })
    const page = await callIam(harness, `List${kind}Policies`, { ...named, MaxItems: 1 })
    assert.deepEqual([page.PolicyNames, page.IsTruncated], [['another'], true])
    const rest = await callIam(harness, `List${kind}Policies`, { ...named, Marker: page.Marker })
    assert.deepEqual(rest, { PolicyNames: ['first'], IsTruncated: false })

    await callIam(harness, `Delete${kind}Policy`, { ...named, PolicyName: 'first' })
    const text = `The ${kind.toLowerCase()} policy with name first cannot be found.`
    const gone = { ...named, PolicyName: 'first' }
    await assertFails(callIam(harness, `Get${kind}Policy`, gone), 'NoSuchEntity', text)
    await assertFails(callIam(harness, `Delete${kind}Policy`, gone), 'NoSuchEntity', text)
  })

  test(`the name of an inline policy of a ${kind} ignores case, and is listed as it was put first (recorded)`, async () => {
    const named = await newOwner(kind)
    const put = (PolicyName: string, PolicyDocument: string) =>
      callIam(harness, `Put${kind}Policy`, { ...named, PolicyName, PolicyDocument })
    await put('MixedName', LIST_USERS)
    const deny = policyDocument({ Effect: 'Deny', Action: '*', Resource: '*' })
    await put('mixedname', deny)
    assert.deepEqual((await callIam(harness, `List${kind}Policies`, named)).PolicyNames, ['MixedName'])
    const found = await callIam(harness, `Get${kind}Policy`, { ...named, PolicyName: 'MIXEDNAME' })
    assert.deepEqual([found.PolicyName, decodeURIComponent(found.PolicyDocument)], ['MIXEDNAME', deny])
    await callIam(harness, `Delete${kind}Policy`, { ...named, PolicyName: 'MIXEDNAME' })
    assert.deepEqual((await callIam(harness, `List${kind}Policies`, named)).PolicyNames, [])
  })

  test(`inline policies of a ${kind} have ${CHARS_MAX[kind]} characters at most, without white space`, async () => {
    const named = await newOwner(kind)
    const max = CHARS_MAX[kind]
    const put = (PolicyName: string, PolicyDocument: string) =>
      callIam(harness, `Put${kind}Policy`, { ...named, PolicyName, PolicyDocument })
    const text = `Maximum policy size of ${max} bytes exceeded for ${kind.toLowerCase()} ${named[`${kind}Name`]}`
    await assertFails(put('whole', policyOf(max + 1)), 'LimitExceeded', text)
    await put('whole', policyOf(max).replaceAll(',', ',\n    '))
    await put('whole', policyOf(max - 500))
    await put('half', policyOf(500))
    await assertFails(put('third', policyOf(200)), 'LimitExceeded', text)
    await put('half', policyOf(300))
    await put('third', policyOf(200))
  })

  test(`a ${kind} of another account and one that does not exist have no policies`, async () => {
    const named = await newOwner(kind)
    const body = { PolicyName: 'p', PolicyDocument: LIST_USERS }
    await callIam(harness, `Put${kind}Policy`, { ...named, ...body })
    const noun = kind.toLowerCase()
    for (const [who, caller] of [
      [named, userOf(OTHER_ACCOUNT)],
      [{ [`${kind}Name`]: 'nobody' }, undefined],
    ] as const) {
      const text = `The ${noun} with name ${Object.values(who)[0]} cannot be found.`
      for (const operation of ['Put', 'Get', 'Delete']) {
        const given = operation === 'Put' ? body : { PolicyName: 'p' }
        const call = callIam(harness, `${operation}${kind}Policy`, { ...who, ...given }, caller)
        await assertFails(call, 'NoSuchEntity', text)
      }
      await assertFails(callIam(harness, `List${kind}Policies`, who, caller), 'NoSuchEntity', text)
    }
  })
}

test('a policy counts from the moment it is put until it is deleted', async () => {
  const bob = await newUser(harness, 'bob')
  const list = () => callIam(harness, 'ListUsers', {}, bob)
  const denied = notAllowed(bob, 'iam:ListUsers', iamArn('user', ''))
  await assertFails(list(), 'AccessDeniedException', denied)
  await callIam(harness, 'PutUserPolicy', { UserName: 'bob', PolicyName: 'p', PolicyDocument: LIST_USERS })
  await list()
  await callIam(harness, 'DeleteUserPolicy', { UserName: 'bob', PolicyName: 'p' })
  await assertFails(list(), 'AccessDeniedException', denied)
})

test('what is no policy is refused as malformed, and the old policy stays', async () => {
  await newUser(harness, 'carol', { Action: 'iam:ListUsers', Resource: '*' })
  const cases: readonly (readonly [document: string, text: string])[] = [
    ['{', 'Syntax errors in policy.'],
    ['{"Version":"2012-10-17","Statement":[]}', 'Syntax errors in policy.'],
    [
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*","Principal":"*"}}',
      'Policy document should not specify a principal.',
    ],
    [
      '{"Version":"2012-10-17","Statement":{"Effect":"allow","Action":"iam:*","Resource":"*"}}',
      'The policy failed legacy parsing',
    ],
    [
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*"}}',
      'Policy statement must contain resources.',
    ],
    [
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*"}}',
      'Policy statement must contain actions.',
    ],
  ]
  for (const [PolicyDocument, text] of cases) {
    const put = callIam(harness, 'PutUserPolicy', { UserName: 'carol', PolicyName: 'rights', PolicyDocument })
    await assertFails(put, 'MalformedPolicyDocument', text)
  }
  const { PolicyDocument } = await callIam(harness, 'GetUserPolicy', { UserName: 'carol', PolicyName: 'rights' })
  assert.equal(decodeURIComponent(PolicyDocument), LIST_USERS)
  await assertValidation(
    callIam(harness, 'PutUserPolicy', { UserName: 'carol', PolicyName: 'a b', PolicyDocument: LIST_USERS }),
    wrongCharacters('policyName'),
  )
})

test('who may give policies only to users with a boundary cannot give them to others', async () => {
  const boundary = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
  const Condition = { StringEquals: { 'iam:PermissionsBoundary': boundary } }
  const Action = ['iam:PutUserPolicy', 'iam:DeleteUserPolicy', 'iam:PutRolePolicy', 'iam:DeleteRolePolicy']
  const delegate = await newUser(harness, 'delegate', { Action, Resource: '*', Condition })
  for (const kind of ['User', 'Role'] as const) {
    const bounded = await newOwner(kind)
    const free = await newOwner(kind)
    await callIam(harness, `Put${kind}PermissionsBoundary`, { ...bounded, PermissionsBoundary: boundary })
    const body = { PolicyName: 'p', PolicyDocument: LIST_USERS }
    await callIam(harness, `Put${kind}Policy`, { ...bounded, ...body }, delegate)
    await callIam(harness, `Delete${kind}Policy`, { ...bounded, PolicyName: 'p' }, delegate)
    const arn = iamArn(kind === 'User' ? 'user' : 'role', Object.values(free)[0]!)
    const text = notAllowed(delegate, `iam:Put${kind}Policy`, shownName(arn))
    await assertFails(
      callIam(harness, `Put${kind}Policy`, { ...free, ...body }, delegate),
      'AccessDeniedException',
      text,
    )
  }
})
