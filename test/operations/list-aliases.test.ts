/** operations.md 3.0 (pagination), 3.32; audit.md 4.2. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import { aliasArn, assertFails, lastRecord, newKey, OTHER_REGION, resource } from './support.ts'

let harness: Harness
let first: Answer
let second: Answer
/** In order of name, and before those of AWS. */
const names = Array.from({ length: 60 }, (_, index) => `alias/a-${String(index).padStart(3, '0')}`)
const SERVICES =
  'acm backup codecommit dynamodb ebs elasticfilesystem es glue kafka kinesis kinesisvideo lambda rds redshift s3 ' +
  'secretsmanager sns sqs ssm xray'
/** In every account, after `names`; managed-keys.test.ts has more about them. */
const ofAws = SERVICES.split(' ').map((service) => `alias/aws/${service}`)
before(async () => {
  harness = await createHarness()
  ;[first, second] = [await newKey(harness), await newKey(harness)]
  for (const [index, AliasName] of names.entries()) {
    await harness.call('CreateAlias', { AliasName, TargetKeyId: index % 2 === 0 ? first.KeyId : second.KeyId })
  }
})
after(() => harness.close())

const list = (body: object = {}, caller?: object) => harness.call('ListAliases', body, caller)
const namesOf = ({ Aliases }: Answer) => Aliases.map(({ AliasName }: Answer) => AliasName)

test('an entry has name, ARN, bare key id and both dates', async () => {
  const { Aliases } = await list({ Limit: 1 })
  assert.deepEqual(Aliases, [
    {
      AliasName: names[0],
      AliasArn: aliasArn(names[0]!, ACCOUNT),
      TargetKeyId: first.KeyId,
      CreationDate: 1772366400.123,
      LastUpdatedDate: 1772366400.123,
    },
  ])
})

test('a page has 50 aliases by default, in order of name, and says whether there is more', async () => {
  const page = await list()
  assert.deepEqual(namesOf(page), names.slice(0, 50))
  assert.equal(page.Truncated, true)
  const rest = await list({ Marker: page.NextMarker })
  assert.deepEqual(namesOf(rest), [...names.slice(50), ...ofAws])
  assert.deepEqual(Object.keys(rest).sort(), ['Aliases', 'Truncated'])
  assert.equal(rest.Truncated, false)
})

test('pages of any size end with the last alias', async () => {
  for (const Limit of [1, 7, 30, 60, 80]) {
    const seen: string[] = []
    let Marker: string | undefined
    do {
      const page = await list({ Limit, Marker })
      assert.ok(page.Aliases.length <= Limit)
      seen.push(...namesOf(page))
      Marker = page.NextMarker
      assert.equal(page.Truncated, Marker !== undefined)
    } while (Marker !== undefined)
    assert.deepEqual(seen, [...names, ...ofAws])
  }
})

test('a limit above the documented 100 means 100', async () => {
  const caller = { account: OTHER_ACCOUNT }
  for (let key = 0; key < 3; key++) {
    const { KeyId } = await newKey(harness, {}, caller)
    for (let index = 0; index < 40; index++) {
      await harness.call('CreateAlias', { AliasName: `alias/m-${key}-${index}`, TargetKeyId: KeyId }, caller)
    }
  }
  const page = await list({ Limit: 1000 }, caller)
  assert.equal(page.Aliases.length, 100)
  assert.equal((await list({ Limit: 1000, Marker: page.NextMarker }, caller)).Aliases.length, 20 + ofAws.length)
})

test('KeyId filters, by id or ARN, and its markers are its own', async () => {
  for (const KeyId of [first.KeyId, first.Arn]) {
    const page = await list({ KeyId })
    assert.deepEqual(
      namesOf(page),
      names.filter((_, index) => index % 2 === 0),
    )
  }
  const { NextMarker } = await list({ KeyId: first.KeyId, Limit: 3 })
  const next = await list({ KeyId: first.KeyId, Limit: 3, Marker: NextMarker })
  assert.deepEqual(namesOf(next), [names[6], names[8], names[10]])
  for (const body of [{}, { KeyId: second.KeyId }]) {
    await assertFails(list({ ...body, Marker: NextMarker }), 'InvalidMarkerException', undefined)
  }
})

test('a marker that was not given here is invalid', async () => {
  const { NextMarker } = await list({ Limit: 1 })
  const keys = await harness.call('ListKeys', { Limit: 1 })
  const others = [
    'x',
    `${NextMarker}=`,
    NextMarker.slice(0, -1),
    NextMarker.toLowerCase(),
    keys.NextMarker,
    'AAAA',
    'W10',
  ]
  for (const Marker of others) await assertFails(list({ Marker }), 'InvalidMarkerException', undefined)
  for (const caller of [{ region: OTHER_REGION }, { account: OTHER_ACCOUNT }]) {
    await assertFails(list({ Marker: NextMarker }, caller), 'InvalidMarkerException', undefined)
  }
})

test('another account and another Region have aliases of their own', async () => {
  assert.deepEqual(namesOf(await list({}, { region: OTHER_REGION })), ofAws)
})

test('aliases of a key that is gone are gone', async () => {
  const caller = { region: 'eu-west-1' }
  const { KeyId } = await newKey(harness, {}, caller)
  await harness.call('CreateAlias', { AliasName: 'alias/doomed', TargetKeyId: KeyId }, caller)
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }, caller)
  assert.deepEqual(namesOf(await list({}, caller)), [...ofAws, 'alias/doomed'])
  harness.clock.advance(7 * 86_400_000)
  assert.deepEqual(namesOf(await list({}, caller)), ofAws)
})

test('the audit record names the key only if one was asked for', async () => {
  await list({ Limit: 5 })
  const expected = {
    eventName: 'ListAliases',
    readOnly: true,
    requestParameters: { limit: 5 } as object,
    responseElements: null,
    resources: [] as object[],
  }
  assert.deepEqual(lastRecord(harness), expected)
  await list({ KeyId: first.KeyId })
  assert.deepEqual(lastRecord(harness), {
    ...expected,
    requestParameters: { keyId: first.KeyId },
    resources: [resource(first.Arn)],
  })
})
