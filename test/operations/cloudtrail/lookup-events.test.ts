/** LookupEvents below the wire (audit.md section 6): what is asked for, what is answered, what is refused. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Principal } from '../../../src/domain/principal.ts'
import {
  ACCOUNT,
  type Answer,
  createHarness,
  type Harness,
  OTHER_ACCOUNT,
  REGION,
  rootOf,
} from '../../support/harness.ts'
import { assertFails, MISSING_KEY_ID, OTHER_REGION } from '../support.ts'

let harness: Harness
let keyArn: string

/** In order: a change, two routine calls, a failure, calls of STS and IAM, calls elsewhere. */
before(async () => {
  harness = await createHarness()
  const { KeyMetadata } = await harness.call('CreateKey')
  keyArn = KeyMetadata.Arn
  harness.clock.advance(10_000)
  await harness.call('Encrypt', { KeyId: keyArn, Plaintext: Buffer.from('x') })
  harness.clock.advance(10_000)
  await harness.call('Encrypt', { KeyId: keyArn, Plaintext: Buffer.from('x') })
  harness.clock.advance(10_000)
  await harness.call('DescribeKey', { KeyId: MISSING_KEY_ID }).catch(() => {})
  harness.clock.advance(10_000)
  await harness.call('GetCallerIdentity')
  await harness.call('CreateKey', {}, { region: OTHER_REGION })
  await harness.call('CreateKey', {}, { account: OTHER_ACCOUNT })
})

after(() => harness.close())

function lookup(body: object = {}, caller?: { account?: string; region?: string }): Promise<Answer> {
  return harness.call('LookupEvents', body, caller)
}

/** Without the look-ups of these tests themselves. */
async function namesOf(body: object = {}, caller?: { account?: string; region?: string }): Promise<string[]> {
  const { Events } = await lookup(body, caller)
  return Events.map((event: Answer) => event.EventName).filter((name: string) => name !== 'LookupEvents')
}

function by(AttributeKey: string, AttributeValue: string) {
  return { LookupAttributes: [{ AttributeKey, AttributeValue }] }
}

test('without an attribute all events of the account in the Region are answered, newest first', async () => {
  assert.deepEqual(await namesOf(), ['GetCallerIdentity', 'DescribeKey', 'Encrypt', 'Encrypt', 'CreateKey'])
})

test('events of another Region and of another account are theirs', async () => {
  assert.deepEqual(await namesOf({}, { region: OTHER_REGION }), ['CreateKey'])
  assert.deepEqual(await namesOf({}, { account: OTHER_ACCOUNT }), ['CreateKey'])
})

test('an event has the members of the model, and its record as text', async () => {
  const { Events } = await lookup(by('EventName', 'CreateKey'))
  const record = harness.auditRecords()[0]
  assert.deepEqual(Events, [
    {
      EventId: record.eventID,
      EventName: 'CreateKey',
      ReadOnly: 'false',
      AccessKeyId: 'AKIAEXAMPLEEXAMPLE01',
      EventTime: Date.UTC(2026, 2, 1, 12) / 1000,
      EventSource: 'kms.amazonaws.com',
      Username: 'alice',
      Resources: [{ ResourceType: 'AWS::KMS::Key', ResourceName: keyArn }],
      CloudTrailEvent: harness.auditLines[0],
    },
  ])
})

test('each attribute finds what has it, and nothing else', async () => {
  const [created, encrypted] = harness.auditRecords()
  const cases = [
    ['EventId', encrypted.eventID, ['Encrypt']],
    ['EventId', created.eventID, ['CreateKey']],
    ['EventId', 'encrypt', []],
    ['EventName', 'Encrypt', ['Encrypt', 'Encrypt']],
    ['EventName', 'encrypt', []],
    ['ReadOnly', 'false', ['CreateKey']],
    ['ReadOnly', 'true', ['GetCallerIdentity', 'DescribeKey', 'Encrypt', 'Encrypt']],
    ['Username', 'alice', ['GetCallerIdentity', 'DescribeKey', 'Encrypt', 'Encrypt', 'CreateKey']],
    ['Username', 'bob', []],
    ['ResourceType', 'AWS::KMS::Key', ['CreateKey']],
    ['ResourceName', keyArn, ['CreateKey']],
    ['EventSource', 'sts.amazonaws.com', ['GetCallerIdentity']],
    ['AccessKeyId', 'AKIAEXAMPLEEXAMPLE01', ['GetCallerIdentity', 'DescribeKey', 'Encrypt', 'Encrypt', 'CreateKey']],
    ['AccessKeyId', 'AKIAEXAMPLEEXAMPLE99', []],
  ] as const
  for (const [key, value, names] of cases) assert.deepEqual(await namesOf(by(key, value)), names, `${key} ${value}`)
})

test('the name of the root user is root', async () => {
  await harness.callAs(rootOf(ACCOUNT), 'ListKeys')
  assert.deepEqual(await namesOf(by('Username', 'root')), ['ListKeys'])
})

test('times bound the answer, both included', async () => {
  const start = Date.UTC(2026, 2, 1, 12) / 1000
  assert.deepEqual(await namesOf({ StartTime: start + 10, EndTime: start + 20 }), ['Encrypt', 'Encrypt'])
  assert.deepEqual(await namesOf({ EndTime: start }), ['CreateKey'])
  assert.deepEqual(await namesOf({ StartTime: start + 11, EndTime: start + 19 }), [])
})

test('what is older than 90 days is not answered', async () => {
  const old = await createHarness()
  await old.call('CreateKey')
  old.clock.advance(90 * 24 * 3600 * 1000 + 2000)
  assert.deepEqual((await old.call('LookupEvents', { StartTime: 0 })).Events, [])
  await old.close()
})

test('pages of one event lead through all of them, once', async () => {
  const { Events: all } = await lookup({ EndTime: harness.clock.now() / 1000, ...by('Username', 'alice') })
  const seen: string[] = []
  const asked = { EndTime: harness.clock.now() / 1000, MaxResults: 2, ...by('Username', 'alice') }
  let NextToken: string | undefined
  do {
    const page = await lookup({ ...asked, NextToken })
    assert.ok(page.Events.length <= 2)
    for (const event of page.Events) if (!seen.includes(event.EventId)) seen.push(event.EventId)
    NextToken = page.NextToken
  } while (NextToken !== undefined)
  for (const { EventId } of all) assert.ok(seen.includes(EventId), 'nothing is left out')
})

test('a token is good for the same parameters, caller and Region only', async () => {
  const { NextToken } = await lookup({ MaxResults: 1 })
  await lookup({ MaxResults: 1, NextToken })
  const text = 'The token was not given for these parameters. Send it with those of the call that answered with it.'
  const others = [
    lookup({ ...by('EventName', 'Encrypt'), NextToken }),
    lookup({ StartTime: 1, NextToken }),
    lookup({ NextToken }, { account: OTHER_ACCOUNT }),
    lookup({ NextToken }, { region: OTHER_REGION }),
    lookup({ NextToken: `${NextToken}A` }),
    lookup({ NextToken: '' }),
    lookup({ NextToken: 'x'.repeat(100_000) }),
  ]
  for (const other of others) await assertFails(other, 'InvalidNextTokenException', text)
})

test('a token that somebody made is refused', async () => {
  const scope = ['LookupEvents', ACCOUNT, REGION, '', '', '', '', '']
  for (const place of ['', 'x', '1', '1.', '1.2.3', `${'9'.repeat(40)}.1`, '__proto__']) {
    const NextToken = Buffer.from([...scope, place].join('\0')).toString('base64url')
    await assertFails(lookup({ NextToken }), 'InvalidNextTokenException', 'The token is not valid.')
  }
})

test('attributes that are none are refused', async () => {
  const attribute = { AttributeKey: 'EventName', AttributeValue: 'Encrypt' }
  const keys = 'EventId, EventName, ReadOnly, Username, ResourceType, ResourceName, EventSource, AccessKeyId'
  const cases = [
    [[attribute, attribute], 'Only one lookup attribute can be specified.'],
    [[{ AttributeKey: 'Nothing', AttributeValue: 'x' }], `The attribute key must be one of ${keys}.`],
    [[{ AttributeKey: '__proto__', AttributeValue: 'x' }], `The attribute key must be one of ${keys}.`],
    [[{ AttributeValue: 'x' }], `The attribute key must be one of ${keys}.`],
    [[{ AttributeKey: 'EventName' }], 'The value of the attribute EventName must have from 1 to 2000 characters.'],
    [
      [{ AttributeKey: 'Username', AttributeValue: 'x'.repeat(2001) }],
      'The value of the attribute Username must have from 1 to 2000 characters.',
    ],
    // Each of these counts twice.
    [
      [{ AttributeKey: 'Username', AttributeValue: `${'_ ,\n'.repeat(250)}x` }],
      'The value of the attribute Username must have from 1 to 2000 characters.',
    ],
    [
      [{ AttributeKey: 'ReadOnly', AttributeValue: 'TRUE' }],
      'The value of the attribute ReadOnly must be true or false.',
    ],
  ] as const
  for (const [LookupAttributes, text] of cases) {
    await assertFails(lookup({ LookupAttributes }), 'InvalidLookupAttributesException', text)
  }
  assert.deepEqual((await lookup(by('Username', '_ ,\n'.repeat(250)))).Events, [])
})

test('times, numbers and categories that are none are refused', async () => {
  const range = 'The end time must not be before the start time, and both must be dates.'
  await assertFails(lookup({ StartTime: 2, EndTime: 1 }), 'InvalidTimeRangeException', range)
  await assertFails(lookup({ StartTime: 1e300 }), 'InvalidTimeRangeException', range)
  await assertFails(lookup({ EndTime: 1e20 }), 'InvalidTimeRangeException', range)
  for (const MaxResults of [0, -1, 51, 1e15]) {
    await assertFails(lookup({ MaxResults }), 'InvalidMaxResultsException', 'MaxResults must be from 1 to 50.')
  }
  const category = 'The event category must be insight, or be left out.'
  await assertFails(lookup({ EventCategory: 'Insight' }), 'InvalidEventCategoryException', category)
  assert.deepEqual(await lookup({ EventCategory: 'insight' }), { Events: [] })
})

test('values of wrong types are refused as in every operation', async () => {
  for (const body of [
    { MaxResults: 'x' },
    { LookupAttributes: 'x' },
    { LookupAttributes: [1] },
    { StartTime: '2026' },
  ]) {
    await assert.rejects(lookup(body), { code: 'SerializationException' })
  }
})

test('without cloudtrail:LookupEvents nobody looks', async () => {
  const { User } = await harness.call('CreateUser', { UserName: 'bob' })
  const ids = { principalId: User.UserId, entityId: User.UserId, principalArn: User.Arn, accessKeyId: 'AKIAEXAMPLE03' }
  const nobody: Principal = { type: 'IAMUser', account: ACCOUNT, arn: User.Arn, userName: 'bob', ...ids }
  // As recorded: without a resource.
  const text = `User: arn:aws:iam::${ACCOUNT}:user/bob is not authorized to perform: cloudtrail:LookupEvents because no identity-based policy allows the cloudtrail:LookupEvents action`
  await assertFails(harness.callAs(nobody, 'LookupEvents'), 'AccessDeniedException', text)
})

test('the look itself is recorded, with what was asked for', async () => {
  await lookup({ ...by('EventName', 'Encrypt'), StartTime: Date.UTC(2026, 1, 1) / 1000, MaxResults: 7 })
  const { eventName, eventSource, readOnly, requestParameters, responseElements } = harness.auditRecords().at(-1)
  assert.deepEqual(
    { eventName, eventSource, readOnly, requestParameters, responseElements },
    {
      eventName: 'LookupEvents',
      eventSource: 'cloudtrail.amazonaws.com',
      readOnly: true,
      requestParameters: {
        lookupAttributes: [{ attributeKey: 'EventName', attributeValue: 'Encrypt' }],
        startTime: 'Feb 1, 2026, 12:00:00 AM',
        maxResults: 7,
      },
      responseElements: null,
    },
  )
})

test('of one account and Region two looks a second are answered', async () => {
  const busy = await createHarness({ lookupsPerSecondMax: 2 })
  await busy.call('LookupEvents')
  await busy.call('LookupEvents')
  await assertFails(busy.call('LookupEvents'), 'ThrottlingException', 'Rate exceeded')
  await busy.call('LookupEvents', {}, { region: OTHER_REGION })
  await busy.call('LookupEvents', {}, { account: OTHER_ACCOUNT })
  await busy.close()
})
