import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aliasArn, isAccount, isRegion, keyArn, parseArn } from '../../src/base/arn.ts'

test('ARNs carry the partition of their Region', () => {
  assert.equal(keyArn('111122223333', 'cn-north-1', 'k'), 'arn:aws-cn:kms:cn-north-1:111122223333:key/k')
  assert.equal(keyArn('111122223333', 'us-gov-west-1', 'k'), 'arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/k')
  assert.equal(aliasArn('111122223333', 'eu-west-1', 'alias/a'), 'arn:aws:kms:eu-west-1:111122223333:alias/a')
})

test('parsing splits six parts and keeps colons of the resource', () => {
  const arn = parseArn('arn:aws:kms:eu-west-1:111122223333:alias/a:b')
  assert.deepEqual(arn, {
    partition: 'aws',
    service: 'kms',
    region: 'eu-west-1',
    account: '111122223333',
    resource: 'alias/a:b',
  })
  for (const text of ['', 'arn', 'arn:aws:kms', 'urn:aws:kms:r:a:b', 'arn:aws:kms:r:a'])
    assert.equal(parseArn(text), undefined)
})

test('Regions follow the model, accounts are twelve digits', () => {
  for (const region of ['us-east-1', 'ap-southeast-2', 'us-gov-west-1', 'us-iso-east-1'])
    assert.ok(isRegion(region), region)
  for (const region of ['', 'local', 'us-east', 'US-EAST-1', 'us-east-1 ', 'us-east-1/x', `us-${'a'.repeat(40)}-1`]) {
    assert.ok(!isRegion(region), region)
  }
  assert.ok(isAccount('000000000000'))
  for (const account of ['', '1', '1111222233334', '11112222333a', '111122223333\n'])
    assert.ok(!isAccount(account), account)
})
