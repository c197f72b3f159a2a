/** Which keys may decrypt under a `key_id` that stands in etcd: Kubernetes asks that plugins open only what they know (kms-provider, KMS v2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyBehind, keyIdText } from '../../src/kubernetes/key-id.ts'

const HERE = 'arn:aws:kms:eu-west-1:111122223333'
const KEY = `${HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab`
const OTHER = `${HERE}:key/0987dcba-09fe-87dc-65ba-ab0987654321`
const ALIAS = `${HERE}:alias/cluster`
const MULTI_REGION = 'key/mrk-1234abcd12ab34cd56ef1234567890ab'
const MATERIAL = 'ab'.repeat(32)

const isRefused = (configured: string, keyId: string) => assert.equal(keyBehind(configured, keyId), undefined, keyId)

test('a key decrypts what it encrypted, under any of its key materials', () => {
  for (const keyId of [KEY, keyIdText({ keyArn: KEY, keyMaterialId: MATERIAL }), `${KEY}#${'cd'.repeat(32)}`]) {
    assert.equal(keyBehind(KEY, keyId), KEY)
  }
})

test('no other key decrypts, whoever it belongs to', () => {
  isRefused(KEY, OTHER)
  isRefused(KEY, `arn:aws:kms:eu-west-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab`)
  isRefused(KEY, KEY.replace('eu-west-1', 'us-east-1'))
  isRefused(KEY, KEY.replace('arn:aws:', 'arn:aws-cn:'))
  isRefused(KEY, ALIAS)
})

test('what is no key_id of ours is refused', () => {
  for (const keyId of ['', '#', 'A_001', KEY.replace(':kms:', ':s3:'), `${KEY}/more`, `${HERE}:key/`, `${KEY}\n`]) {
    isRefused(KEY, keyId)
    isRefused(ALIAS, keyId)
  }
})

test('an alias may have led to any key of its account and Region, and to no other', () => {
  assert.equal(keyBehind(ALIAS, `${KEY}#${MATERIAL}`), KEY)
  assert.equal(keyBehind(ALIAS, `${OTHER}#${MATERIAL}`), OTHER)
  isRefused(ALIAS, KEY.replace('111122223333', '999999999999'))
  isRefused(ALIAS, KEY.replace('eu-west-1', 'us-east-1'))
})

test('related multi-Region keys decrypt for one another: etcd may have been restored in another Region', () => {
  const elsewhere = `arn:aws:kms:us-east-1:111122223333:${MULTI_REGION}`
  const here = `${HERE}:${MULTI_REGION}`
  assert.equal(keyBehind(here, `${elsewhere}#${MATERIAL}`), here)
  assert.equal(keyBehind(ALIAS, elsewhere), here)
  isRefused(KEY, elsewhere)
  isRefused(here, elsewhere.replace('111122223333', '999999999999'))
})
