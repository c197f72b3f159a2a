/** operations.md 3.3; lifecycle.md MAN-3; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import {
  aliasArn,
  assertFails,
  assertValidation,
  constraint,
  keyArn,
  lastRecord,
  MISSING_KEY_ID,
  newKey,
  OTHER_REGION,
  resource,
} from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const create = (AliasName: string, TargetKeyId: string, caller?: object) =>
  harness.call('CreateAlias', { AliasName, TargetKeyId }, caller)

test('CreateAlias names a key given by id or ARN, and answers nothing', async () => {
  const { KeyId, Arn } = await newKey(harness)
  assert.equal(await create('alias/by-id', KeyId), undefined)
  assert.equal(await create('alias/by/arn_1', Arn), undefined)
  for (const name of ['alias/by-id', 'alias/by/arn_1']) {
    assert.equal((await harness.call('DescribeKey', { KeyId: name })).KeyMetadata.KeyId, KeyId)
  }
})

test('a name is taken once in an account and Region, for the same key too; case matters', async () => {
  const { KeyId } = await newKey(harness)
  await create('alias/taken', KeyId)
  const text = `An alias with the name ${aliasArn('alias/taken')} already exists`
  await assertFails(create('alias/taken', KeyId), 'AlreadyExistsException', text)
  await assertFails(create('alias/taken', (await newKey(harness)).KeyId), 'AlreadyExistsException', text)
  await create('alias/Taken', KeyId)
  for (const caller of [{ region: OTHER_REGION }, { account: OTHER_ACCOUNT }]) {
    await create('alias/taken', (await newKey(harness, {}, caller)).KeyId, caller)
  }
})

test('names that AWS refuses are refused in its words', async () => {
  const { KeyId } = await newKey(harness)
  const prefix =
    'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html'
  await assertValidation(create('mine', KeyId), prefix)
  await assertValidation(create('Alias/mine', KeyId), prefix)
  await assertFails(create('alias/aws/mine', KeyId), 'NotAuthorizedException', undefined)
  await assertValidation(create('alias/a:b', KeyId), 'alias/a:b contains invalid characters for an alias')
  await assertValidation(create('alias/', KeyId), 'Alias must have a name after the prefix "alias/".')
  for (const name of ['alias/a b', 'alias/ä', 'alias/a.b', 'alias/a\n']) {
    await assertValidation(
      create(name, KeyId),
      constraint(`'${name}'`, 'aliasName', 'satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$'),
    )
  }
  const longest = `alias/${'x'.repeat(250)}`
  assert.equal(await create(longest, KeyId), undefined)
  await assertValidation(
    create(`${longest}x`, KeyId),
    constraint(`'${longest}x'`, 'aliasName', 'have length less than or equal to 256'),
  )
})

test('an alias cannot name an alias', async () => {
  const { KeyId } = await newKey(harness)
  await create('alias/first', KeyId)
  for (const target of ['alias/first', aliasArn('alias/first')]) {
    await assertValidation(create('alias/second', target), 'Aliases must refer to keys. Not aliases')
  }
})

test('the key must exist', async () => {
  await assertFails(
    create('alias/none', MISSING_KEY_ID),
    'NotFoundException',
    `Key '${keyArn(MISSING_KEY_ID)}' does not exist`,
  )
})

test('a key has at most 50 aliases', async () => {
  const { KeyId } = await newKey(harness)
  for (let index = 0; index < 50; index++) await create(`alias/quota-${index}`, KeyId)
  await assertFails(
    create('alias/quota-50', KeyId),
    'LimitExceededException',
    'Aliases per key quota for this account in this region is 50, current usage is 50.',
  )
  await harness.call('DeleteAlias', { AliasName: 'alias/quota-7' })
  await create('alias/quota-50', KeyId)
})

test('the name of a key that is gone is free at once, eraser or not (DEL-8, DEL-12)', async () => {
  const gone = await newKey(harness)
  await create('alias/reused', gone.KeyId)
  await harness.call('ScheduleKeyDeletion', { KeyId: gone.KeyId, PendingWindowInDays: 7 })
  const { KeyId } = await newKey(harness)
  await assertFails(
    create('alias/reused', KeyId),
    'AlreadyExistsException',
    `An alias with the name ${aliasArn('alias/reused')} already exists`,
  )
  harness.clock.advance(7 * 86_400_000)
  await create('alias/reused', KeyId)
  assert.equal((await harness.call('DescribeKey', { KeyId: 'alias/reused' })).KeyMetadata.KeyId, KeyId)
})

test('the audit record holds both names, and alias and key as resources', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await create('alias/audited', KeyId)
  const record = lastRecord(harness)
  assert.deepEqual(record, {
    eventName: 'CreateAlias',
    readOnly: false,
    requestParameters: { aliasName: 'alias/audited', targetKeyId: KeyId },
    responseElements: { keyId: Arn },
    resources: [resource(aliasArn('alias/audited')), resource(Arn)],
  })
})
