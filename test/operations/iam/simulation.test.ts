/** SimulatePrincipalPolicy and SimulateCustomPolicy: the engine of authorization.md section 2 asked what it would say. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../../support/harness.ts'
import { assertFails, lastRecord } from '../support.ts'
import { callIam, iamArn, newUser, notAllowed, policyDocument, TRUST_POLICY } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const call = (name: string, body: object = {}) => callIam(harness, name, body)
const KEY = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/1`
const ALLOW_DECRYPT = policyDocument({ Action: 'kms:Decrypt', Resource: KEY })

async function custom(body: object): Promise<Answer[]> {
  return (
    await call('SimulateCustomPolicy', { PolicyInputList: [ALLOW_DECRYPT], ActionNames: ['kms:Decrypt'], ...body })
  ).EvaluationResults
}

const decisions = (results: Answer[]) =>
  results.map(({ EvalActionName, EvalResourceName, EvalDecision }) => [EvalActionName, EvalResourceName, EvalDecision])

describe('policies that the request brings', () => {
  test('decide on each action on each resource, and on no resource in particular', async () => {
    const results = await custom({ ActionNames: ['kms:Decrypt', 'kms:Encrypt'], ResourceArns: [KEY, `${KEY}x`] })
    assert.deepEqual(decisions(results), [
      ['kms:Decrypt', KEY, 'allowed'],
      ['kms:Decrypt', `${KEY}x`, 'implicitDeny'],
      ['kms:Encrypt', KEY, 'implicitDeny'],
      ['kms:Encrypt', `${KEY}x`, 'implicitDeny'],
    ])
    assert.deepEqual(decisions(await custom({})), [['kms:Decrypt', '*', 'implicitDeny']])
  })

  test('are named with the place of the statement that decided', async () => {
    const [allowed] = await custom({ ResourceArns: [KEY] })
    const start = ALLOW_DECRYPT.indexOf('{', 1) + 1
    const matched = [
      {
        SourcePolicyId: 'PolicyInputList.1',
        SourcePolicyType: 'none',
        StartPosition: { Line: 1, Column: start },
        EndPosition: { Line: 1, Column: ALLOW_DECRYPT.lastIndexOf('}]') + 2 },
      },
    ]
    assert.deepEqual(allowed.MatchedStatements, matched)
    assert.deepEqual(allowed.ResourceSpecificResults, [
      {
        EvalResourceName: KEY,
        EvalResourceDecision: 'allowed',
        MatchedStatements: matched,
        MissingContextValues: [],
        PermissionsBoundaryDecisionDetail: undefined,
      },
    ])
    const denying =
      '{\n  "Version": "2012-10-17",\n  "Statement": [\n    {"Effect": "Deny", "Action": "kms:*", "Resource": "*"}\n  ]\n}'
    const [denied] = await custom({ PolicyInputList: [ALLOW_DECRYPT, denying], ResourceArns: [KEY] })
    assert.equal(denied.EvalDecision, 'explicitDeny')
    assert.deepEqual(denied.MatchedStatements, [
      {
        SourcePolicyId: 'PolicyInputList.2',
        SourcePolicyType: 'none',
        StartPosition: { Line: 4, Column: 5 },
        EndPosition: { Line: 4, Column: 5 + '{"Effect": "Deny", "Action": "kms:*", "Resource": "*"}'.length },
      },
    ])
  })

  test('see the context that is given, and tell which keys are missing', async () => {
    const Condition = {
      StringEquals: { 'kms:EncryptionContext:app': 'billing' },
      'ForAnyValue:StringEquals': { 'kms:EncryptionContextKeys': ['app'] },
    }
    const PolicyInputList = [policyDocument({ Action: 'kms:Decrypt', Resource: '*', Condition })]
    const [blind] = await custom({ PolicyInputList })
    assert.equal(blind.EvalDecision, 'implicitDeny')
    assert.deepEqual(blind.MissingContextValues, ['kms:EncryptionContext:app', 'kms:EncryptionContextKeys'])
    const entry = (ContextKeyName: string, ContextKeyType: string, ...ContextKeyValues: string[]) => ({
      ContextKeyName,
      ContextKeyType,
      ContextKeyValues,
    })
    const ContextEntries = [
      entry('kms:EncryptionContext:App', 'string', 'billing'),
      entry('kms:EncryptionContextKeys', 'stringList', 'stage', 'app'),
    ]
    const [seeing] = await custom({ PolicyInputList, ContextEntries })
    assert.deepEqual([seeing.EvalDecision, seeing.MissingContextValues], ['allowed', []])
  })

  test('are filtered by a boundary', async () => {
    const boundary = (document: string) => ({ PermissionsBoundaryPolicyInputList: [document], ResourceArns: [KEY] })
    const [within] = await custom(boundary(policyDocument({ Action: 'kms:*', Resource: '*' })))
    assert.equal(within.EvalDecision, 'allowed')
    assert.deepEqual(within.PermissionsBoundaryDecisionDetail, { AllowedByPermissionsBoundary: true })
    const [beyond] = await custom(boundary(policyDocument({ Action: 'iam:*', Resource: '*' })))
    assert.equal(beyond.EvalDecision, 'implicitDeny')
    assert.deepEqual(beyond.PermissionsBoundaryDecisionDetail, { AllowedByPermissionsBoundary: false })
    const denying = policyDocument({ Action: '*', Resource: '*' }, { Effect: 'Deny', Action: 'kms:*', Resource: '*' })
    assert.equal((await custom(boundary(denying)))[0].EvalDecision, 'explicitDeny')
  })

  test('are judged together with a key policy as they would be for a key (authorization.md E-3 to E-7)', async () => {
    await newUser(harness, 'key-user')
    const CallerArn = iamArn('user', 'key-user')
    const keyPolicy = (AWS: string, Action = 'kms:*') =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS }, Action, Resource: '*' }],
      })
    const decide = async (ResourcePolicy: string, document: string, more: object = {}) => {
      const body = { CallerArn, ResourcePolicy, PolicyInputList: [document], ResourceArns: [KEY], ...more }
      return (await custom(body))[0].EvalDecision
    }
    const nothing = policyDocument({ Action: 'iam:Get*', Resource: '*' })
    assert.equal(await decide(keyPolicy(ACCOUNT), ALLOW_DECRYPT), 'allowed')
    assert.equal(await decide(keyPolicy(ACCOUNT), nothing), 'implicitDeny')
    assert.equal(await decide(keyPolicy(CallerArn), nothing), 'allowed')
    assert.equal(await decide(keyPolicy(iamArn('user', 'somebody-else')), ALLOW_DECRYPT), 'implicitDeny')
    assert.equal(await decide(keyPolicy(ACCOUNT, 'kms:Encrypt'), ALLOW_DECRYPT), 'implicitDeny')
    const foreign = { ResourceOwner: `arn:aws:iam::${OTHER_ACCOUNT}:root` }
    assert.equal(await decide(keyPolicy(CallerArn), nothing, foreign), 'implicitDeny')
    assert.equal(await decide(keyPolicy(CallerArn), ALLOW_DECRYPT, foreign), 'allowed')
    const trust = JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Principal: { AWS: CallerArn }, Action: 'sts:AssumeRole' },
    })
    const role = { ActionNames: ['sts:AssumeRole'], ResourceArns: [iamArn('role', 'r')] }
    assert.equal(await decide(trust, nothing, role), 'allowed')
  })

  test('come in pages of results', async () => {
    const body = {
      PolicyInputList: [ALLOW_DECRYPT],
      ActionNames: ['kms:Decrypt', 'kms:Encrypt', 'kms:Sign'],
      ResourceArns: [KEY],
    }
    const { EvaluationResults, IsTruncated, Marker } = await call('SimulateCustomPolicy', { ...body, MaxItems: 2 })
    assert.deepEqual([EvaluationResults.length, IsTruncated], [2, true])
    const rest = await call('SimulateCustomPolicy', { ...body, MaxItems: 2, Marker })
    assert.deepEqual([rest.EvaluationResults[0].EvalActionName, rest.IsTruncated], ['kms:Sign', false])
  })

  test('that are none, and questions that mean nothing, are refused', async () => {
    const user = iamArn('user', 'key-user')
    const cases: readonly [object, RegExp][] = [
      [{ PolicyInputList: ['{'] }, /Syntax errors/],
      [{ PermissionsBoundaryPolicyInputList: [ALLOW_DECRYPT, ALLOW_DECRYPT] }, /one permissions boundary/],
      [{ ActionNames: ['kms:*'] }, /action name/],
      [{ ActionNames: ['Decrypt'] }, /action name/],
      [{ ResourceArns: ['my-key'] }, /resource ARN/],
      [{ ResourceOwner: 'nobody' }, /owner/],
      [{ CallerArn: iamArn('role', 'r') }, /user/],
      [{ ResourcePolicy: TRUST_POLICY }, /CallerArn/],
      [{ ResourcePolicy: 'x', CallerArn: user }, /JSON/],
      [{ ResourcePolicy: TRUST_POLICY, CallerArn: user, ActionNames: ['s3:GetObject'] }, /kms/],
    ]
    for (const [body, text] of cases) await assert.rejects(custom(body), { code: 'InvalidInput', text })
    await assert.rejects(custom({ CallerArn: iamArn('user', 'nobody') }), { code: 'NoSuchEntity' })
    await custom({ PolicyInputList: Array(100).fill(ALLOW_DECRYPT) })
    await assert.rejects(custom({ PolicyInputList: Array(101).fill(ALLOW_DECRYPT) }), { code: 'ValidationException' })
  })
})

describe('policies of an identity', () => {
  async function principal(body: object): Promise<Answer[]> {
    return (await call('SimulatePrincipalPolicy', { ActionNames: ['kms:Decrypt'], ResourceArns: [KEY], ...body }))
      .EvaluationResults
  }

  test('are its own, those of its groups, and those that the request adds', async () => {
    const inline = (Action: string) => ({
      PolicyName: 'inline',
      PolicyDocument: policyDocument({ Action, Resource: '*' }),
    })
    await newUser(harness, 'simulated')
    const PolicySourceArn = iamArn('user', 'simulated')
    const ActionNames = ['kms:Decrypt', 'kms:Encrypt', 'iam:ListUsers', 'kms:Sign', 'kms:Verify']
    await call('PutUserPolicy', { UserName: 'simulated', ...inline('kms:Decrypt') })
    await call('CreateGroup', { GroupName: 'simulated' })
    await call('AddUserToGroup', { UserName: 'simulated', GroupName: 'simulated' })
    await call('PutGroupPolicy', { GroupName: 'simulated', ...inline('kms:Encrypt') })
    await call('AttachGroupPolicy', { GroupName: 'simulated', PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' })
    const PolicyInputList = [policyDocument({ Action: 'kms:Sign', Resource: '*' })]
    const results = await principal({ PolicySourceArn, ActionNames, PolicyInputList, ResourceArns: ['*'] })
    const sources = results.map(({ EvalDecision, MatchedStatements: [matched] }) => [
      EvalDecision,
      matched?.SourcePolicyId,
      matched?.SourcePolicyType,
    ])
    assert.deepEqual(sources, [
      ['allowed', 'inline', 'user'],
      ['allowed', 'inline', 'group'],
      ['allowed', 'ReadOnlyAccess', 'aws-managed'],
      ['allowed', 'PolicyInputList.1', 'none'],
      ['implicitDeny', undefined, undefined],
    ])
    const ofGroup = await principal({ PolicySourceArn: iamArn('group', 'simulated'), ActionNames })
    assert.deepEqual(
      decisions(ofGroup).map(([, , decision]) => decision),
      ['implicitDeny', 'allowed', 'allowed', 'implicitDeny', 'implicitDeny'],
    )
  })

  test('are filtered by its boundary, or by another that is tried', async () => {
    const { Policy } = await call('CreatePolicy', {
      PolicyName: 'simulated-boundary',
      PolicyDocument: policyDocument({ Action: 'iam:*', Resource: '*' }),
    })
    const { Role } = await call('CreateRole', {
      RoleName: 'bounded',
      Path: '/app/',
      AssumeRolePolicyDocument: TRUST_POLICY,
      PermissionsBoundary: Policy.Arn,
    })
    await call('PutRolePolicy', { RoleName: 'bounded', PolicyName: 'p', PolicyDocument: ALLOW_DECRYPT })
    const [bounded] = await principal({ PolicySourceArn: Role.Arn })
    assert.equal(bounded.EvalDecision, 'implicitDeny')
    assert.deepEqual(bounded.PermissionsBoundaryDecisionDetail, { AllowedByPermissionsBoundary: false })
    const PermissionsBoundaryPolicyInputList = [policyDocument({ Action: 'kms:*', Resource: '*' })]
    const [tried] = await principal({ PolicySourceArn: Role.Arn, PermissionsBoundaryPolicyInputList })
    assert.equal(tried.EvalDecision, 'allowed')
  })

  test('know who is asking: his name and tags, and what the request says instead', async () => {
    await call('CreateUser', { UserName: 'known', Tags: [{ Key: 'team', Value: 'a' }] })
    const Condition = { StringEquals: { 'aws:username': 'known', 'aws:PrincipalTag/team': 'a' } }
    const document = policyDocument({ Action: 'kms:Decrypt', Resource: '*', Condition })
    await call('PutUserPolicy', { UserName: 'known', PolicyName: 'p', PolicyDocument: document })
    const body = { PolicySourceArn: iamArn('user', 'known') }
    const [known] = await principal(body)
    assert.deepEqual([known.EvalDecision, known.MissingContextValues], ['allowed', []])
    const ContextEntries = [
      { ContextKeyName: 'aws:principaltag/team', ContextKeyValues: ['b'], ContextKeyType: 'string' },
    ]
    assert.equal((await principal({ ...body, ContextEntries }))[0].EvalDecision, 'implicitDeny')
  })

  test('belong to a user, group or role of the account that exists', async () => {
    const nobody = 'The user with name nobody cannot be found.'
    await assertFails(principal({ PolicySourceArn: iamArn('user', 'nobody') }), 'NoSuchEntity', nobody)
    await call('CreateUser', { UserName: 'pathless' })
    await assert.rejects(custom({ CallerArn: iamArn('user', 'dev/pathless') }), { code: 'NoSuchEntity' })
    await assert.rejects(principal({ PolicySourceArn: iamArn('user', 'alice', OTHER_ACCOUNT) }), {
      code: 'NoSuchEntity',
    })
    for (const PolicySourceArn of [
      iamArn('policy', 'a-policy'),
      'not-an-arn-at-all-here',
      `arn:aws:iam::${ACCOUNT}:root`,
    ]) {
      await assert.rejects(principal({ PolicySourceArn }), { code: 'InvalidInput' })
    }
  })
})

describe('context keys', () => {
  // The example of AWS's reference of get-context-keys-for-custom-policy, with its answer.
  const example = policyDocument({
    Action: 'dynamodb:*',
    Resource: `arn:aws:dynamodb:us-west-2:123456789012:table/\${aws:username}`,
    Condition: { DateGreaterThan: { 'aws:CurrentTime': '2015-08-16T12:00:00Z' } },
  })
  const names = ['aws:username', 'aws:CurrentTime']
  const other = policyDocument({
    Action: '*',
    Resource: '*',
    Condition: {
      StringEquals: { 'aws:UserName': `\${aws:PrincipalTag/team, 'none'}\${*}` },
      Bool: { 'aws:SecureTransport': true },
    },
  })

  const otherNames = ['aws:UserName', 'aws:PrincipalTag/team', '*', 'aws:SecureTransport']
  const keysOf = async (...PolicyInputList: string[]) =>
    (await call('GetContextKeysForCustomPolicy', { PolicyInputList })).ContextKeyNames

  // Recorded from AWS.
  test('of policies that the request brings are those of conditions and variables, once in each policy as they are spelled', async () => {
    assert.deepEqual(await keysOf(example), names)
    assert.deepEqual(await keysOf(example, other, example), [...names, ...otherNames, ...names])
    assert.deepEqual(
      await keysOf(policyDocument({ Action: 's3:GetObject', Resource: `arn:aws:s3:::b/\${*}/\${?}/\${$}/\${?}` })),
      ['*', '?', '$'],
    )
    assert.deepEqual(await keysOf(ALLOW_DECRYPT), [])
  })

  // Recorded from AWS.
  test('are listed of policies that nobody could have', async () => {
    const Version = '2012-10-17'
    const Condition = { StringEquals: { 'aws:username': 'a' } }
    const all = { Effect: 'Allow', Action: '*', Resource: '*', Condition }
    for (const Statement of [
      { ...all, Principal: '*' },
      { Effect: 'Allow', Action: '*', Condition },
      { Effect: 'Allow', Resource: '*', Condition },
      { ...all, Action: 'abc' },
      { ...all, Resource: 'bad' },
      { ...all, Condition: { NumericEquals: { 'aws:username': 'nope' } } },
    ]) {
      assert.deepEqual(await keysOf(JSON.stringify({ Version, Statement })), ['aws:username'])
    }
    const hidden = { Effect: 'Allow', Action: `\${aws:username}`, Resource: '*' }
    for (const document of [{ Version }, { Version, Statement: [] }, { Version, Statement: hidden }]) {
      assert.deepEqual(await keysOf(JSON.stringify(document)), [])
    }
    for (const document of [
      { Version, Statement: { ...all, Condition: { MadeUp: { 'aws:username': 'a' } } } },
      { Version, Statement: { Action: '*', Resource: '*', Condition } },
      { Version, Statement: all, Foo: 'x' },
    ]) {
      await assert.rejects(keysOf(JSON.stringify(document)), { code: 'InvalidInput' })
    }
    await assert.rejects(keysOf('{'), { code: 'InvalidInput' })
  })

  test('of an identity are those of its own policies, inline and attached, and of its groups', async () => {
    await call('CreateUser', { UserName: 'keys-user' })
    await call('CreateGroup', { GroupName: 'keys-group' })
    await call('AddUserToGroup', { GroupName: 'keys-group', UserName: 'keys-user' })
    await call('PutUserPolicy', { UserName: 'keys-user', PolicyName: 'p', PolicyDocument: example })
    await call('PutGroupPolicy', { GroupName: 'keys-group', PolicyName: 'p', PolicyDocument: other })
    const keysOfPrincipal = async (PolicySourceArn: string, more: object = {}) =>
      (await call('GetContextKeysForPrincipalPolicy', { PolicySourceArn, ...more })).ContextKeyNames
    assert.deepEqual(await keysOfPrincipal(iamArn('user', 'keys-user')), [...names, ...otherNames])
    const group = iamArn('group', 'keys-group')
    assert.deepEqual(await keysOfPrincipal(group), otherNames)
    const PolicyInputList = [example, other]
    assert.deepEqual(await keysOfPrincipal(group, { PolicyInputList }), [...otherNames, ...names, ...otherNames])
    await assert.rejects(keysOfPrincipal(iamArn('role', 'nobody')), { code: 'NoSuchEntity' })
    await assert.rejects(keysOfPrincipal(`arn:aws:iam::${ACCOUNT}:root`), { code: 'InvalidInput' })
  })

  // Recorded from AWS.
  test('are not listed of a policy with a character that policies of the request may not have', async () => {
    await assert.rejects(keysOf(`${ALLOW_DECRYPT}\u00A0`), {
      code: 'ValidationException',
      message:
        /Member must satisfy regular expression pattern: \[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF\]\+/,
    })
  })

  // Recorded from AWS.
  test('of an identity are those of its boundary too, and once for a policy that it has twice', async () => {
    const { Policy } = await call('CreatePolicy', { PolicyName: 'keys-managed', PolicyDocument: example })
    await call('CreateUser', { UserName: 'keys-bound', PermissionsBoundary: Policy.Arn })
    const PolicySourceArn = iamArn('user', 'keys-bound')
    const keys = () => call('GetContextKeysForPrincipalPolicy', { PolicySourceArn })
    assert.deepEqual((await keys()).ContextKeyNames, names)
    await call('AttachUserPolicy', { UserName: 'keys-bound', PolicyArn: Policy.Arn })
    assert.deepEqual((await keys()).ContextKeyNames, names)
  })
})

test('an identity is known by its name whatever path is given, and permissions count for the path that it has (recorded)', async () => {
  const Action = ['iam:SimulatePrincipalPolicy', 'iam:GetContextKeysForPrincipalPolicy']
  const asker = await newUser(harness, 'sim-asker', { Action, Resource: iamArn('user', 'dev/*') })
  await call('CreateUser', { UserName: 'sim-dev', Path: '/dev/' })
  await call('CreateUser', { UserName: 'sim-pathless' })
  for (const [path, name, isAllowed] of [
    ['dev/', 'sim-dev', true],
    ['elsewhere/', 'sim-dev', true],
    ['', 'sim-dev', true],
    ['dev/', 'sim-pathless', false],
  ] as const) {
    const PolicySourceArn = iamArn('user', `${path}${name}`)
    for (const [operation, more] of [
      ['SimulatePrincipalPolicy', { ActionNames: ['kms:Decrypt'] }],
      ['GetContextKeysForPrincipalPolicy', {}],
    ] as const) {
      const answer = callIam(harness, operation, { PolicySourceArn, ...more }, asker)
      if (isAllowed) await answer
      else await assertFails(answer, 'AccessDeniedException', notAllowed(asker, `iam:${operation}`, PolicySourceArn))
    }
  }
})

test('simulating needs its own permission: on the identity, or on nothing in particular', async () => {
  const nobody = await newUser(harness, 'sim-nobody')
  const PolicySourceArn = iamArn('user', 'sim-nobody')
  const ActionNames = ['kms:Decrypt']
  await assertFails(
    callIam(harness, 'SimulatePrincipalPolicy', { PolicySourceArn, ActionNames }, nobody),
    'AccessDeniedException',
    notAllowed(nobody, 'iam:SimulatePrincipalPolicy', PolicySourceArn),
  )
  await assertFails(
    callIam(harness, 'SimulateCustomPolicy', { PolicyInputList: [ALLOW_DECRYPT], ActionNames }, nobody),
    'AccessDeniedException',
    notAllowed(nobody, 'iam:SimulateCustomPolicy', '*'),
  )
  await call('SimulatePrincipalPolicy', { PolicySourceArn, ActionNames, ResourceArns: [KEY] })
  const { readOnly, requestParameters } = lastRecord(harness)
  assert.equal(readOnly, true)
  assert.deepEqual(requestParameters, {
    policySourceArn: PolicySourceArn,
    actionNames: ActionNames,
    resourceArns: [KEY],
  })
})

test('other calls have their turns while many actions are asked about', async () => {
  let turns = 0
  let isDone = false
  const count = () => {
    turns++
    if (!isDone) setImmediate(count)
  }
  setImmediate(count)
  const ActionNames = Array.from({ length: 200 }, (_, index) => `kms:Action${index}`)
  const results = await custom({ ActionNames, MaxItems: 200 })
  isDone = true
  assert.equal(results.length, 200)
  assert.ok(turns > 150, `${turns} turns`)
})
