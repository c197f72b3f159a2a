/**
 * Nothing of one account is visible to another without a policy or grant: not by error, not by listing, not by ciphertext, and
 * not by what the server has to look up (authorization.md 5.3).
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MISSING_KEY_ID, newKey } from '../operations/support.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, REGION, userOf } from '../support/harness.ts'
import { givenUser } from '../support/identities.ts'

let harness: Harness
let storeCalls: string[] = []
let foreign: Answer
before(async () => {
  harness = await createHarness({ onStoreCall: (method) => storeCalls.push(method) })
  foreign = await newKey(harness, {}, { account: OTHER_ACCOUNT })
  await harness.call(
    'CreateAlias',
    { AliasName: 'alias/theirs', TargetKeyId: foreign.KeyId },
    { account: OTHER_ACCOUNT },
  )
})
after(() => harness.close())

const caller = Object.freeze(userOf(ACCOUNT))
const arnOf = (resource: string) => `arn:aws:kms:${REGION}:${OTHER_ACCOUNT}:${resource}`

/** Without what the server does by itself, from time to time. */
function lookUps(): readonly string[] {
  return storeCalls.filter((method) => /^(?:find|alias|last)/.test(method))
}

async function refusal(operation: string, body: object, by = caller): Promise<{ code: string; text: string }> {
  try {
    await harness.callAs(by, operation, body)
  } catch (error) {
    const { code, text } = error as { code: string; text: string }
    return { code, text }
  }
  throw new Error(`${operation} was allowed`)
}

const OPERATIONS: Readonly<Record<string, object>> = {
  DescribeKey: {},
  Encrypt: { Plaintext: Buffer.from('x') },
  GenerateDataKey: { KeySpec: 'AES_256' },
  GetPublicKey: {},
  DisableKey: {},
  GetKeyPolicy: {},
  ScheduleKeyDeletion: {},
  CreateGrant: { GranteePrincipal: caller.arn, Operations: ['Decrypt'] },
  ListGrants: {},
}

test('a key of another account and none at all get the same answer, whatever state it is in', async () => {
  for (const [operation, body] of Object.entries(OPERATIONS)) {
    const ofMissing = await refusal(operation, { KeyId: arnOf(`key/${MISSING_KEY_ID}`), ...body })
    assert.equal(ofMissing.code, 'AccessDeniedException')
    assert.deepEqual(await refusal(operation, { KeyId: foreign.Arn, ...body }), ofMissing)
  }
  const before = await refusal('Encrypt', { KeyId: foreign.Arn, ...OPERATIONS.Encrypt })
  await harness.call('DisableKey', { KeyId: foreign.KeyId }, { account: OTHER_ACCOUNT })
  assert.deepEqual(await refusal('Encrypt', { KeyId: foreign.Arn, ...OPERATIONS.Encrypt }), before)
  await harness.call('EnableKey', { KeyId: foreign.KeyId }, { account: OTHER_ACCOUNT })
})

test('neither do aliases show', async () => {
  const ofMissing = await refusal('DescribeKey', { KeyId: arnOf('alias/nobodys') })
  assert.deepEqual(await refusal('DescribeKey', { KeyId: arnOf('alias/theirs') }), ofMissing)
})

test('a deny of the own account does not ask foreign keys what they are: no attribute, tag, alias or id shows', async () => {
  const team = [{ TagKey: 'team', TagValue: 'pay' }]
  const { KeyId, Arn } = await newKey(harness, { Tags: team }, { account: OTHER_ACCOUNT })
  await harness.call('CreateAlias', { AliasName: 'alias/probed', TargetKeyId: KeyId }, { account: OTHER_ACCOUNT })
  const probes: readonly object[] = [
    { Condition: { Null: { 'kms:KeySpec': 'false' } } },
    { Condition: { StringEquals: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT' } } },
    { Condition: { StringLike: { 'aws:ResourceTag/team': 'p*' } } },
    { Condition: { 'ForAnyValue:StringLike': { 'kms:ResourceAliases': 'alias/*' } } },
    { Condition: { NumericLessThan: { 'kms:TrailingDaysWithoutKeyUsage': '1' } } },
    { Resource: `arn:aws:kms:*:*:key/${KeyId.slice(0, 4)}*` },
    { Resource: 'arn:aws:kms:*:*:key/*' },
    {},
  ]
  const names = [Arn, arnOf('alias/probed'), arnOf(`key/${MISSING_KEY_ID}`), arnOf('alias/nobodys')]
  for (const [index, probe] of probes.entries()) {
    const spy = await givenUser(harness.store, ACCOUNT, `spy-${index}`, [
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Effect: 'Deny', Action: 'kms:*', Resource: '*', ...probe },
    ])
    for (const operation of ['DescribeKey', 'DisableKey']) {
      const answers = new Set<string>()
      for (const name of operation === 'DisableKey' ? [names[0]!, names[2]!] : names) {
        await refusal(operation, { KeyId: name }, spy.principal)
        storeCalls = []
        const { code, text } = await refusal(operation, { KeyId: name }, spy.principal)
        answers.add(`${code}: ${text}`)
        assert.deepEqual(lookUps(), [], `${operation} ${name}: the time would tell`)
      }
      assert.equal(answers.size, 1, `${operation} with ${JSON.stringify(probe)}: ${[...answers].join('; ')}`)
    }
  }
})

test('nor foreign roles whether they are there', async () => {
  const trust = {
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: OTHER_ACCOUNT }, Action: 'sts:AssumeRole' },
  }
  const role = { RoleName: 'theirs', AssumeRolePolicyDocument: JSON.stringify(trust) }
  await harness.call('CreateRole', role, { account: OTHER_ACCOUNT })
  const spy = await givenUser(harness.store, ACCOUNT, 'spy-roles', [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    { Effect: 'Deny', Action: 'sts:AssumeRole', Resource: '*' },
  ])
  const ask = async (name: string) => {
    const RoleArn = `arn:aws:iam::${OTHER_ACCOUNT}:role/${name}`
    const { code, text } = await refusal('AssumeRole', { RoleArn, RoleSessionName: 'session' }, spy.principal)
    return { code, text: text.replace(name, '') }
  }
  assert.deepEqual(await ask('theirs'), await ask('nobodys'))
})

test('lists hold what is of the own account only', async () => {
  const { Keys } = await harness.callAs(caller, 'ListKeys')
  const { Aliases } = await harness.callAs(caller, 'ListAliases')
  assert.deepEqual([Keys, Aliases.filter(({ TargetKeyId }: Answer) => TargetKeyId !== undefined)], [[], []])
})

test('a ciphertext of another account says no more than one of an unknown key', async () => {
  const Plaintext = Buffer.from('x')
  const sealed = await harness.call('Encrypt', { KeyId: foreign.KeyId, Plaintext }, { account: OTHER_ACCOUNT })
  const known = Buffer.from(sealed.CiphertextBlob, 'base64')
  // The key material's id is in the header (lifecycle.md 8.5).
  const unknown = Buffer.from(known)
  unknown[20]! ^= 1
  const refusals = []
  for (const CiphertextBlob of [known, unknown]) refusals.push(await refusal('Decrypt', { CiphertextBlob }))
  assert.equal(refusals[0]!.code, 'AccessDeniedException')
  assert.deepEqual(refusals[0], refusals[1])
})

test('nor does the event history of the caller say more', async () => {
  const Policy = JSON.stringify({
    Statement: [
      { Effect: 'Allow', Principal: { AWS: OTHER_ACCOUNT }, Action: 'kms:*', Resource: '*' },
      { Sid: 'Theirs', Effect: 'Deny', Principal: '*', Action: 'kms:Decrypt', Resource: '*' },
    ],
  })
  const closed = await newKey(harness, { Policy }, { account: OTHER_ACCOUNT })
  await harness.call('CreateAlias', { AliasName: 'alias/told', TargetKeyId: closed.KeyId }, { account: OTHER_ACCOUNT })
  const body = { KeyId: closed.KeyId, Plaintext: Buffer.from('x') }
  const sealed = await harness.call('Encrypt', body, { account: OTHER_ACCOUNT })
  const known = Buffer.from(sealed.CiphertextBlob, 'base64')
  const unknown = Buffer.from(known)
  unknown[20]! ^= 1
  const calls: readonly [string, object][] = [
    ['DescribeKey', { KeyId: arnOf('alias/told') }],
    ['DescribeKey', { KeyId: arnOf('alias/nobodys') }],
    ['Decrypt', { CiphertextBlob: known }],
    ['Decrypt', { CiphertextBlob: unknown }],
  ]
  for (const [operation, parameters] of calls) await refusal(operation, parameters)
  const { Events } = await harness.callAs(caller, 'LookupEvents', { MaxResults: calls.length })
  const told = Events.map(({ CloudTrailEvent }: Answer) => JSON.parse(CloudTrailEvent))
  assert.deepEqual(
    told.map(({ eventName, errorCode }: Answer) => `${eventName} ${errorCode}`),
    calls.map(([operation]) => `${operation} AccessDenied`).toReversed(),
  )
  for (const { additionalEventData, resources } of told)
    assert.deepEqual([additionalEventData, resources], [undefined, []])

  // Of the own account it says what decided.
  const key = await newKey(harness)
  const nobody = await givenUser(harness.store, ACCOUNT, 'nobody', [])
  await refusal('DescribeKey', { KeyId: key.KeyId }, nobody.principal)
  const [own] = (await harness.callAs(caller, 'LookupEvents', { MaxResults: 1 })).Events
  const authorization = { action: 'kms:DescribeKey', resource: key.Arn, missing: 'identity-based policy' }
  assert.deepEqual(JSON.parse(own.CloudTrailEvent).additionalEventData, { authorization })
})

test('asked for again, what exists and what does not cost the same look-ups: none', async () => {
  const names = [foreign.Arn, arnOf(`key/${MISSING_KEY_ID}`), arnOf('alias/theirs'), arnOf('alias/nobodys')]
  for (const KeyId of names) {
    await refusal('DescribeKey', { KeyId })
    storeCalls = []
    await refusal('DescribeKey', { KeyId })
    assert.deepEqual(lookUps(), [], KeyId)
  }
})

test('what was looked for in vain is found once its owner makes it and lets the caller in', async () => {
  const name = arnOf('alias/soon')
  await refusal('DescribeKey', { KeyId: name })
  const Policy = JSON.stringify({
    Statement: [OTHER_ACCOUNT, ACCOUNT].map((AWS) => {
      return { Effect: 'Allow', Principal: { AWS }, Action: 'kms:*', Resource: '*' }
    }),
  })
  const shared = await newKey(harness, { Policy }, { account: OTHER_ACCOUNT })
  await harness.call('CreateAlias', { AliasName: 'alias/soon', TargetKeyId: shared.KeyId }, { account: OTHER_ACCOUNT })
  assert.equal((await harness.callAs(caller, 'DescribeKey', { KeyId: name })).KeyMetadata.Arn, shared.Arn)
})

test('a call that another account allowed has a record for each of the two, with one shared id (audit.md AU-5)', async () => {
  const Policy = JSON.stringify({
    Statement: [OTHER_ACCOUNT, ACCOUNT].map((AWS) => {
      return { Effect: 'Allow', Principal: { AWS }, Action: 'kms:*', Resource: '*' }
    }),
  })
  const shared = await newKey(harness, { Policy }, { account: OTHER_ACCOUNT })
  const own = await newKey(harness)
  const call = (operation: string, body: object) => harness.callAs(caller, operation, body).catch(() => undefined)
  const lastTwo = () => harness.auditRecords().slice(-2)
  const sealed = await call('Encrypt', { KeyId: shared.Arn, Plaintext: Buffer.from('x') })
  const [mine, theirs] = lastTwo()
  assert.deepEqual([mine.recipientAccountId, theirs.recipientAccountId], [ACCOUNT, OTHER_ACCOUNT])
  assert.match(mine.sharedEventID, /^[0-9a-f-]{36}$/)
  assert.equal(theirs.sharedEventID, mine.sharedEventID)
  assert.notEqual(theirs.eventID, mine.eventID)
  const { eventID: _a, recipientAccountId: _b, ...same } = theirs
  const { eventID: _c, recipientAccountId: _d, ...ofMine } = mine
  assert.deepEqual(same, ofMine)

  // Each sees its own key only in the copy for it.
  await call('ReEncrypt', { CiphertextBlob: sealed.CiphertextBlob, DestinationKeyId: own.Arn })
  const resources = lastTwo().map(({ resources }) => resources.map(({ ARN }: Answer) => ARN))
  assert.deepEqual(resources, [[shared.Arn, own.Arn], [shared.Arn]])

  // A grant is a change: its records commit with it.
  await call('CreateGrant', { KeyId: shared.Arn, GranteePrincipal: caller.arn, Operations: ['Decrypt'] })
  assert.deepEqual(
    lastTwo().map(({ eventName, recipientAccountId }) => [eventName, recipientAccountId]),
    [
      ['CreateGrant', ACCOUNT],
      ['CreateGrant', OTHER_ACCOUNT],
    ],
  )

  // What fails after it was allowed is known to both, what is denied to the caller alone.
  await harness.call('DisableKey', { KeyId: shared.KeyId }, { account: OTHER_ACCOUNT })
  await call('Encrypt', { KeyId: shared.Arn, Plaintext: Buffer.from('x') })
  const [failed, known] = lastTwo()
  assert.deepEqual([failed.errorCode, known.errorCode], ['DisabledException', 'DisabledException'])
  assert.deepEqual([failed.resources, known.resources.map(({ ARN }: Answer) => ARN)], [[], [shared.Arn]])
  const before = harness.auditRecords().length
  await call('Encrypt', { KeyId: foreign.Arn, Plaintext: Buffer.from('x') })
  assert.equal(harness.auditRecords().length, before + 1)
})
