/** operations.md 3.8; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { aliasArn, assertFails, assertValidation, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const remove = (AliasName: string) => harness.call('DeleteAlias', { AliasName })

test('DeleteAlias takes the name away at once, and only it; a second call does not find it', async () => {
  const { KeyId } = await newKey(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/gone', TargetKeyId: KeyId })
  await harness.call('CreateAlias', { AliasName: 'alias/stays', TargetKeyId: KeyId })
  await harness.call('DescribeKey', { KeyId: 'alias/gone' })
  assert.equal(await remove('alias/gone'), undefined)
  const text = `Alias ${aliasArn('alias/gone')} is not found.`
  await assertFails(harness.call('DescribeKey', { KeyId: 'alias/gone' }), 'NotFoundException', text)
  await assertFails(remove('alias/gone'), 'NotFoundException', text)
  assert.equal((await harness.call('DescribeKey', { KeyId: 'alias/stays' })).KeyMetadata.KeyId, KeyId)
})

test('names are refused as in CreateAlias', async () => {
  await assertValidation(
    remove('mine'),
    'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
  )
  await assertFails(remove('alias/aws/s3'), 'NotAuthorizedException', undefined)
})

test('the audit record names alias and key', async () => {
  const { KeyId, Arn } = await newKey(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/audited', TargetKeyId: KeyId })
  await remove('alias/audited')
  assert.deepEqual(lastRecord(harness), {
    eventName: 'DeleteAlias',
    readOnly: false,
    requestParameters: { aliasName: 'alias/audited' },
    responseElements: { keyId: Arn },
    resources: [resource(aliasArn('alias/audited')), resource(Arn)],
  })
})
