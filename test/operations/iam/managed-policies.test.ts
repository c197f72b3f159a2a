/** Managed policies, their versions and tags: authorization.md 6.1, 6.6; answers and texts as AWS was recorded to give them. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT, userOf } from '../../support/harness.ts'
import { assertFails, assertValidation, lastRecord } from '../support.ts'
import { callIam, iamArn, newUser, notAllowed, policyDocument, shownName, TRUST_POLICY } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const call = (name: string, body: object = {}) => callIam(harness, name, body)

const DOCUMENT = policyDocument({ Action: 'kms:Decrypt', Resource: '*' })
const OTHER_DOCUMENT = policyDocument({ Action: 'kms:Encrypt', Resource: '*' })
const OF_AWS = 'arn:aws:iam::aws:policy/ReadOnlyAccess'

let made = 0
async function newPolicy(more: object = {}) {
  made += 1
  const PolicyName = `policy-${made}`
  const { Policy } = await call('CreatePolicy', { PolicyName, PolicyDocument: DOCUMENT, ...more })
  return Policy
}

test('CreatePolicy answers no description, GetPolicy does, and tags even if there are none', async () => {
  const Policy = await newPolicy({ PolicyName: 'first', Path: '/test/path/', Description: 'd' })
  const { PolicyId, ...rest } = Policy
  assert.match(PolicyId, /^ANPA[A-Z2-7]{17}$/)
  const common = {
    PolicyName: 'first',
    Arn: `arn:aws:iam::${ACCOUNT}:policy/test/path/first`,
    Path: '/test/path/',
    DefaultVersionId: 'v1',
    AttachmentCount: 0,
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    CreateDate: '2026-03-01T12:00:00Z',
    UpdateDate: '2026-03-01T12:00:00Z',
  }
  assert.deepEqual(rest, { ...common, Tags: undefined })
  const { Policy: got } = await call('GetPolicy', { PolicyArn: Policy.Arn })
  assert.deepEqual(got, { ...common, PolicyId, Description: 'd', Tags: [] })
})

test('names are taken whatever path and case', async () => {
  await newPolicy({ PolicyName: 'Taken' })
  await assertFails(
    newPolicy({ PolicyName: 'taken', Path: '/x/' }),
    'EntityAlreadyExists',
    'A policy called taken already exists. Duplicate names are not allowed.',
  )
})

test('a policy has at most 6,144 characters, white space not counted', async () => {
  const longest = (chars: number) => {
    const statement = (Sid: string) => JSON.stringify({ ...JSON.parse(DOCUMENT), Id: Sid })
    return statement('x'.repeat(chars - statement('').length))
  }
  await newPolicy({ PolicyDocument: longest(6144).replace('{', '{\n\t  ') })
  await assertFails(
    newPolicy({ PolicyDocument: longest(6145) }),
    'LimitExceeded',
    'Cannot exceed quota for PolicySize: 6144',
  )
})

test('what names no policy is no ARN, what names none that is there is not found', async () => {
  for (const name of ['GetPolicy', 'DeletePolicy', 'ListPolicyVersions', 'ListPolicyTags', 'ListEntitiesForPolicy']) {
    for (const PolicyArn of ['longpolicynamebutnoarn', iamArn('role', 'a-role-is-no-policy')]) {
      await assertValidation(call(name, { PolicyArn }), 'Invalid ARN:  Could not be parsed!')
    }
  }
  const missing = iamArn('policy', 'missing')
  for (const name of ['GetPolicy', 'DeletePolicy', 'ListPolicyVersions', 'ListPolicyTags']) {
    await assertFails(call(name, { PolicyArn: missing }), 'NoSuchEntity', `Policy ${missing} was not found.`)
  }
})

test("another account's policy is as good as none", async () => {
  const { Arn } = await newPolicy()
  await assert.rejects(callIam(harness, 'GetPolicy', { PolicyArn: Arn }, userOf(OTHER_ACCOUNT)), {
    code: 'NoSuchEntity',
    text: `Policy ${Arn} was not found.`,
  })
  await assert.rejects(callIam(harness, 'DeletePolicy', { PolicyArn: Arn }, userOf(OTHER_ACCOUNT)), {
    code: 'NoSuchEntity',
  })
  const { Policies } = await callIam(harness, 'ListPolicies', { Scope: 'Local' }, userOf(OTHER_ACCOUNT))
  assert.deepEqual(Policies, [])
})

describe('versions', () => {
  test('are numbered on, become the default if asked for, and are listed newest first', async () => {
    const { Arn: PolicyArn } = await newPolicy()
    const create = (SetAsDefault?: boolean) =>
      call('CreatePolicyVersion', { PolicyArn, PolicyDocument: OTHER_DOCUMENT, SetAsDefault })
    harness.clock.advance(60_000)
    const { PolicyVersion } = await create(true)
    const CreateDate = '2026-03-01T12:01:00Z'
    assert.deepEqual(PolicyVersion, { VersionId: 'v2', IsDefaultVersion: true, CreateDate })
    assert.equal((await create()).PolicyVersion.IsDefaultVersion, false)
    const { Policy } = await call('GetPolicy', { PolicyArn })
    assert.deepEqual([Policy.DefaultVersionId, Policy.UpdateDate], ['v2', CreateDate])
    assert.deepEqual((await call('GetPolicyVersion', { PolicyArn, VersionId: 'v2' })).PolicyVersion, {
      Document: encodeURIComponent(OTHER_DOCUMENT).replaceAll('*', '%2A'),
      VersionId: 'v2',
      IsDefaultVersion: true,
      CreateDate,
    })
    await call('DeletePolicyVersion', { PolicyArn, VersionId: 'v1' })
    const { Versions, IsTruncated } = await call('ListPolicyVersions', { PolicyArn })
    assert.deepEqual(Versions, [
      { VersionId: 'v3', IsDefaultVersion: false, CreateDate },
      { VersionId: 'v2', IsDefaultVersion: true, CreateDate },
    ])
    assert.equal(IsTruncated, false)
    await call('SetDefaultPolicyVersion', { PolicyArn, VersionId: 'v3' })
    assert.equal((await call('GetPolicy', { PolicyArn })).Policy.DefaultVersionId, 'v3')
  })

  test('are at most five; the number of a deleted one is not used again', async () => {
    const { Arn: PolicyArn } = await newPolicy()
    const create = () => call('CreatePolicyVersion', { PolicyArn, PolicyDocument: OTHER_DOCUMENT })
    for (const _more of [2, 3, 4, 5]) await create()
    await assertFails(
      create(),
      'LimitExceeded',
      'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
    )
    await call('DeletePolicyVersion', { PolicyArn, VersionId: 'v5' })
    assert.equal((await create()).PolicyVersion.VersionId, 'v6')
    const first = await call('ListPolicyVersions', { PolicyArn, MaxItems: 3 })
    assert.equal(first.IsTruncated, true)
    const second = await call('ListPolicyVersions', { PolicyArn, MaxItems: 3, Marker: first.Marker })
    const ids = [...first.Versions, ...second.Versions].map(({ VersionId }) => VersionId)
    assert.deepEqual(ids, ['v6', 'v4', 'v3', 'v2', 'v1'])
  })

  test('that do not exist, or count, are refused', async () => {
    const { Arn: PolicyArn } = await newPolicy()
    const missing = (arn: string, version: string) =>
      `Policy ${arn} version ${version} does not exist or is not attachable.`
    for (const name of ['GetPolicyVersion', 'SetDefaultPolicyVersion', 'DeletePolicyVersion']) {
      for (const VersionId of ['v9', 'v1.x', 'v99999999999999999999']) {
        await assertFails(call(name, { PolicyArn, VersionId }), 'NoSuchEntity', missing(PolicyArn, VersionId))
      }
      const other = iamArn('policy', 'missing')
      await assertFails(call(name, { PolicyArn: other, VersionId: 'v1' }), 'NoSuchEntity', missing(other, 'v1'))
      await assertValidation(
        call(name, { PolicyArn, VersionId: 'first' }),
        "1 validation error detected: Value at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?",
      )
    }
    await assertFails(
      call('DeletePolicyVersion', { PolicyArn, VersionId: 'v1' }),
      'DeleteConflict',
      'Cannot delete the default version of a policy.',
    )
  })

  test('must be policies, and the default one decides at once', async () => {
    const { Arn: PolicyArn } = await newPolicy({
      PolicyDocument: policyDocument({ Action: 'iam:GetPolicy', Resource: '*' }),
    })
    const user = await newUser(harness, 'versioned')
    await call('AttachUserPolicy', { UserName: 'versioned', PolicyArn })
    const look = () => callIam(harness, 'GetPolicy', { PolicyArn }, user)
    await look()
    await assert.rejects(call('CreatePolicyVersion', { PolicyArn, PolicyDocument: '{}' }), {
      code: 'MalformedPolicyDocument',
    })
    await call('CreatePolicyVersion', { PolicyArn, PolicyDocument: OTHER_DOCUMENT, SetAsDefault: true })
    await assertFails(look(), 'AccessDeniedException', notAllowed(user, 'iam:GetPolicy', shownName(PolicyArn)))
    await call('SetDefaultPolicyVersion', { PolicyArn, VersionId: 'v1' })
    await look()
  })
})

describe('deleting', () => {
  test('a policy with versions besides the default is refused', async () => {
    const { Arn: PolicyArn } = await newPolicy()
    await call('CreatePolicyVersion', { PolicyArn, PolicyDocument: OTHER_DOCUMENT })
    await assert.rejects(call('DeletePolicy', { PolicyArn }), { code: 'DeleteConflict' })
    await call('DeletePolicyVersion', { PolicyArn, VersionId: 'v2' })
    assert.equal(await call('DeletePolicy', { PolicyArn }), undefined)
    await assert.rejects(call('GetPolicy', { PolicyArn }), { code: 'NoSuchEntity' })
  })

  test('a policy that somebody has, attached or as a boundary, is refused', async () => {
    const { Arn: PolicyArn } = await newPolicy()
    await call('CreateUser', { UserName: 'holder', PermissionsBoundary: PolicyArn })
    const text = 'Cannot delete a policy attached to entities.'
    await assertFails(call('DeletePolicy', { PolicyArn }), 'DeleteConflict', text)
    await call('DeleteUserPermissionsBoundary', { UserName: 'holder' })
    await call('AttachUserPolicy', { UserName: 'holder', PolicyArn })
    await assertFails(call('DeletePolicy', { PolicyArn }), 'DeleteConflict', text)
    await call('DetachUserPolicy', { UserName: 'holder', PolicyArn })
    await call('DeletePolicy', { PolicyArn })
  })
})

describe('the policies of AWS', () => {
  test('are there in every account and can be read', async () => {
    for (const name of ['AdministratorAccess', 'AWSKeyManagementServicePowerUser', 'IAMFullAccess', 'ReadOnlyAccess']) {
      const PolicyArn = `arn:aws:iam::aws:policy/${name}`
      const { Policy } = await callIam(harness, 'GetPolicy', { PolicyArn }, userOf(OTHER_ACCOUNT))
      assert.deepEqual([Policy.PolicyName, Policy.Arn, Policy.DefaultVersionId], [name, PolicyArn, 'v1'])
      assert.match(Policy.PolicyId, /^ANPA[A-Z2-7]{17}$/)
      const { PolicyVersion } = await call('GetPolicyVersion', { PolicyArn, VersionId: 'v1' })
      const { Statement } = JSON.parse(decodeURIComponent(PolicyVersion.Document))
      assert.equal(Statement.length, 1)
      const { Versions } = await call('ListPolicyVersions', { PolicyArn })
      assert.deepEqual(
        Versions.map(({ VersionId }: { VersionId: string }) => VersionId),
        ['v1'],
      )
    }
    await assert.rejects(call('GetPolicy', { PolicyArn: 'arn:aws:iam::aws:policy/Nonsense' }), { code: 'NoSuchEntity' })
  })

  test('change for nobody', async () => {
    const bodies = {
      DeletePolicy: {},
      CreatePolicyVersion: { PolicyDocument: DOCUMENT },
      SetDefaultPolicyVersion: { VersionId: 'v1' },
      DeletePolicyVersion: { VersionId: 'v1' },
      TagPolicy: { Tags: [{ Key: 'k', Value: 'v' }] },
      UntagPolicy: { TagKeys: ['k'] },
    }
    for (const [name, body] of Object.entries(bodies)) {
      await assert.rejects(call(name, { PolicyArn: OF_AWS, ...body }), { code: 'AccessDeniedException' })
    }
  })

  test('say what their names promise, within the services that there are', async () => {
    const reader = await newUser(harness, 'of-aws-reader')
    await call('AttachUserPolicy', { UserName: 'of-aws-reader', PolicyArn: OF_AWS })
    await callIam(harness, 'ListUsers', {}, reader)
    await assert.rejects(callIam(harness, 'CreateUser', { UserName: 'x' }, reader), { code: 'AccessDeniedException' })
    await harness.callAs(reader, 'ListKeys')
    await assert.rejects(harness.callAs(reader, 'CreateKey'), { code: 'AccessDeniedException' })
    await assert.rejects(harness.callAs(reader, 'GenerateRandom', { NumberOfBytes: 1 }), {
      code: 'AccessDeniedException',
    })

    const powerUser = await newUser(harness, 'power-user')
    const PolicyArn = 'arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser'
    await call('AttachUserPolicy', { UserName: 'power-user', PolicyArn })
    const { KeyMetadata } = await harness.callAs(powerUser, 'CreateKey')
    await harness.callAs(powerUser, 'CreateAlias', { AliasName: 'alias/power', TargetKeyId: KeyMetadata.KeyId })
    for (const [name, body] of Object.entries({
      Encrypt: { Plaintext: 'YQ==' },
      DisableKey: {},
      ScheduleKeyDeletion: {},
    })) {
      await assert.rejects(harness.callAs(powerUser, name, { KeyId: KeyMetadata.KeyId, ...body }), {
        code: 'AccessDeniedException',
      })
    }
  })
})

test('ListPolicies shows own ones and those of AWS, of one path, attached or boundaries, in pages, without tags', async () => {
  const own = await createHarness()
  try {
    const iam = (name: string, body: object = {}) => callIam(own, name, body)
    const names = async (body: object) =>
      (await iam('ListPolicies', body)).Policies.map(({ PolicyName }: { PolicyName: string }) => PolicyName)
    const ARNS: Record<string, string> = {}
    for (const [PolicyName, Path] of [
      ['b', '/'],
      ['a', '/app/'],
      ['ReadOnlyAccess', '/app/'],
    ] as const) {
      const Tags = [{ Key: 'k', Value: 'v' }]
      const { Policy } = await iam('CreatePolicy', {
        PolicyName,
        Path,
        PolicyDocument: DOCUMENT,
        Description: 'd',
        Tags,
      })
      ARNS[PolicyName] = Policy.Arn
    }
    const ofAws = ['AWSKeyManagementServicePowerUser', 'AdministratorAccess', 'IAMFullAccess', 'ReadOnlyAccess']
    assert.deepEqual(await names({}), ['ReadOnlyAccess', 'a', 'b', ...ofAws])
    assert.deepEqual(await names({ Scope: 'AWS' }), ofAws)
    assert.deepEqual(await names({ Scope: 'Local' }), ['ReadOnlyAccess', 'a', 'b'])
    assert.deepEqual(await names({ PathPrefix: '/app/' }), ['ReadOnlyAccess', 'a'])

    // The administrator of the tests has AdministratorAccess.
    assert.deepEqual(await names({ OnlyAttached: true }), ['AdministratorAccess'])
    await iam('AttachUserPolicy', { UserName: 'alice', PolicyArn: ARNS.a })
    await iam('CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: TRUST_POLICY, PermissionsBoundary: ARNS.b })
    // Recorded: a boundary is a use too, and the kind of use counts only where used policies are asked for.
    const used = (PolicyUsageFilter?: string) => names({ OnlyAttached: true, PolicyUsageFilter })
    assert.deepEqual(await used(), ['a', 'b', 'AdministratorAccess'])
    assert.deepEqual(await used('PermissionsPolicy'), ['a', 'AdministratorAccess'])
    assert.deepEqual(await used('PermissionsBoundary'), ['b'])
    const all = await names({ Scope: 'Local' })
    assert.deepEqual(await names({ Scope: 'Local', PolicyUsageFilter: 'PermissionsBoundary' }), all)

    const { Policies } = await iam('ListPolicies', { Scope: 'Local', PathPrefix: '/' })
    const counts = Policies.map((policy: Record<string, number>) => [
      policy.AttachmentCount,
      policy.PermissionsBoundaryUsageCount,
    ])
    assert.deepEqual(counts, [
      [0, 0],
      [1, 0],
      [0, 1],
    ])
    assert.equal(
      Policies.some((policy: object) => 'Tags' in policy || 'Description' in policy),
      false,
    )

    const paged: string[] = []
    let Marker: string | undefined
    do {
      const page = await iam('ListPolicies', { MaxItems: 2, Marker })
      paged.push(...page.Policies.map(({ PolicyName }: { PolicyName: string }) => PolicyName))
      Marker = page.Marker
      assert.equal(page.IsTruncated, Marker !== undefined)
    } while (Marker !== undefined)
    assert.deepEqual(paged, await names({}))
  } finally {
    await own.close()
  }
})

describe('tags of policies', () => {
  const tag = (Key: string, Value = 'v') => ({ Key, Value })

  test('mind the case of their keys', async () => {
    const Tags = [tag('a', 'lower'), tag('A', 'upper')]
    const { Arn: PolicyArn, Tags: created } = await newPolicy({ Tags })
    assert.deepEqual(created, Tags)
    // Listed by key, as recorded of these very tags.
    assert.deepEqual((await call('ListPolicyTags', { PolicyArn })).Tags, Tags.toReversed())
    await call('UntagPolicy', { PolicyArn, TagKeys: ['a', 'unknown'] })
    await call('TagPolicy', { PolicyArn, Tags: [tag('A', ''), tag('b')] })
    assert.deepEqual((await call('ListPolicyTags', { PolicyArn })).Tags, [tag('A', ''), tag('b')])
    assert.deepEqual((await call('GetPolicy', { PolicyArn })).Policy.Tags, [tag('A', ''), tag('b')])
    const page = await call('ListPolicyTags', { PolicyArn, MaxItems: 1 })
    assert.deepEqual([page.Tags, page.IsTruncated], [[tag('A', '')], true])
    const { Tags: rest, IsTruncated } = await call('ListPolicyTags', { PolicyArn, MaxItems: 1, Marker: page.Marker })
    assert.deepEqual([rest, IsTruncated], [[tag('b')], false])
  })

  test('are refused when they are too many, given twice, too long or badly spelled', async () => {
    const { Arn: PolicyArn } = await newPolicy()
    const many = (count: number) => Array.from({ length: count }, (_, index) => tag(`k${index}`))
    const at = (path: string, rule: string) =>
      `1 validation error detected: Value at '${path}' failed to satisfy constraint: Member must ${rule}`
    const pattern = 'satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+'
    for (const attempt of [
      (Tags: object) => newPolicy({ Tags }),
      (Tags: object) => call('TagPolicy', { PolicyArn, Tags }),
    ]) {
      await assertValidation(attempt(many(51)), at('tags', 'have length less than or equal to 50'))
      await assertFails(attempt([tag('a'), tag('a')]), 'InvalidInput', 'Duplicate tag keys found.')
      await assertValidation(
        attempt([tag('x'.repeat(129))]),
        at('tags.1.member.key', 'have length less than or equal to 128'),
      )
      await assertValidation(
        attempt([tag('x', 'x'.repeat(257))]),
        at('tags.1.member.value', 'have length less than or equal to 256'),
      )
      await assertValidation(attempt([tag('no#')]), at('tags.1.member.key', pattern))
      await assert.rejects(attempt([tag('aws:mine')]), { code: 'InvalidInput' })
    }
    await call('TagPolicy', { PolicyArn, Tags: many(50) })
    await assertFails(
      call('TagPolicy', { PolicyArn, Tags: [tag('one-more')] }),
      'LimitExceeded',
      'The number of tags has reached the maximum limit.',
    )
    const untag = (TagKeys: readonly string[]) => call('UntagPolicy', { PolicyArn, TagKeys })
    await assertValidation(untag(Array(51).fill('k')), at('tagKeys', 'have length less than or equal to 50'))
    const each =
      'satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, ' +
      `Member must ${pattern}, Member must not be null]`
    await assertValidation(untag(['x'.repeat(129)]), at('tagKeys', each))
    const missing = iamArn('policy', 'NotAPolicy')
    await assertFails(
      call('TagPolicy', { PolicyArn: missing, Tags: [tag('a')] }),
      'NoSuchEntity',
      `Policy ${missing} was not found.`,
    )
  })

  test('decide on who may change what', async () => {
    const { Arn: PolicyArn } = await newPolicy({ Tags: [tag('team', 'a')] })
    const { Arn: other } = await newPolicy({ Tags: [tag('team', 'b')] })
    const user = await newUser(
      harness,
      'tag-judge',
      { Action: 'iam:UntagPolicy', Resource: '*', Condition: { StringEquals: { 'aws:ResourceTag/team': 'a' } } },
      {
        Action: 'iam:TagPolicy',
        Resource: '*',
        Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['stage'] } },
      },
    )
    const as = (name: string, body: object) => callIam(harness, name, body, user)
    await as('UntagPolicy', { PolicyArn, TagKeys: ['x'] })
    await assert.rejects(as('UntagPolicy', { PolicyArn: other, TagKeys: ['x'] }), { code: 'AccessDeniedException' })
    await as('TagPolicy', { PolicyArn, Tags: [tag('stage')] })
    await assert.rejects(as('TagPolicy', { PolicyArn, Tags: [tag('team')] }), { code: 'AccessDeniedException' })
  })
})

test('every operation on a policy needs its permission on the ARN of the policy', async () => {
  const { Arn: PolicyArn } = await newPolicy()
  const nobody = await newUser(harness, 'policy-nobody')
  const bodies = {
    GetPolicy: {},
    DeletePolicy: {},
    CreatePolicyVersion: { PolicyDocument: DOCUMENT },
    GetPolicyVersion: { VersionId: 'v1' },
    ListPolicyVersions: {},
    SetDefaultPolicyVersion: { VersionId: 'v1' },
    DeletePolicyVersion: { VersionId: 'v1' },
    ListEntitiesForPolicy: {},
    TagPolicy: { Tags: [{ Key: 'k', Value: 'v' }] },
    UntagPolicy: { TagKeys: ['k'] },
    ListPolicyTags: {},
  }
  for (const [name, body] of Object.entries(bodies)) {
    await assertFails(
      callIam(harness, name, { PolicyArn, ...body }, nobody),
      'AccessDeniedException',
      notAllowed(nobody, `iam:${name}`, shownName(PolicyArn)),
    )
  }
  await assertFails(
    callIam(harness, 'CreatePolicy', { PolicyName: 'x', Path: '/p/', PolicyDocument: DOCUMENT }, nobody),
    'AccessDeniedException',
    notAllowed(nobody, 'iam:CreatePolicy', 'policy x'),
  )
  await assertFails(
    callIam(harness, 'ListPolicies', {}, nobody),
    'AccessDeniedException',
    notAllowed(nobody, 'iam:ListPolicies', 'policy path /'),
  )
})

test('audit records have the documents that were set, and the versions that were made', async () => {
  const Policy = await newPolicy({ Path: '/a/' })
  const created = lastRecord(harness)
  assert.deepEqual(created.requestParameters, { policyName: Policy.PolicyName, path: '/a/', policyDocument: DOCUMENT })
  const { Arn, PolicyId, PolicyName } = Policy
  assert.deepEqual(created.responseElements, { policy: { arn: Arn, policyId: PolicyId, policyName: PolicyName } })
  await call('CreatePolicyVersion', { PolicyArn: Arn, PolicyDocument: OTHER_DOCUMENT, SetAsDefault: true })
  const { requestParameters, responseElements, readOnly } = lastRecord(harness)
  assert.deepEqual(requestParameters, { policyArn: Arn, policyDocument: OTHER_DOCUMENT, setAsDefault: true })
  assert.deepEqual(responseElements, { policyVersion: { versionId: 'v2', isDefaultVersion: true } })
  assert.equal(readOnly, false)
})
