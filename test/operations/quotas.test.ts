/** Quotas that the operator sets, as callers meet them (operations.md section 7). */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { DEFAULT_QUOTAS, type QuotaSettings } from '../../src/domain/quotas.ts'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT, REGION } from '../support/harness.ts'

async function withQuotas(context: TestContext, quotas: QuotaSettings): Promise<Harness> {
  const harness = await createHarness({ quotas })
  context.after(() => harness.close())
  return harness
}

function all(quotas: Partial<QuotaSettings['default']>): QuotaSettings {
  return { default: { ...DEFAULT_QUOTAS, ...quotas }, accounts: {} }
}

function limited(rows: Record<string, number>): QuotaSettings {
  return all({ requests: { others: 'unlimited', rows } })
}

const throttled = {
  code: 'ThrottlingException',
  text: 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
}
const Plaintext = Buffer.from('x')

async function keyOf(harness: Harness, body: object = {}): Promise<string> {
  return (await harness.call('CreateKey', body)).KeyMetadata.KeyId
}

test('an account has as many keys as the operator says, in each Region, replicas included', async (context) => {
  const harness = await withQuotas(context, all({ keys: 2 }))
  const KeyId = await keyOf(harness, { MultiRegion: true })
  await keyOf(harness)
  await assert.rejects(keyOf(harness), {
    code: 'LimitExceededException',
    text: 'Key quota for this account in this region is 2 but the current usage is 2.',
  })
  const elsewhere = { region: 'eu-west-1' }
  await harness.call('CreateKey', {}, elsewhere)
  await harness.call('ReplicateKey', { KeyId, ReplicaRegion: 'eu-west-1' })
  await assert.rejects(harness.call('CreateKey', {}, elsewhere), { code: 'LimitExceededException' })
  await harness.call('CreateKey', {}, { account: OTHER_ACCOUNT })
})

test('aliases and grants of a key count for the account that has it', async (context) => {
  const own = { ...DEFAULT_QUOTAS, aliasesPerKey: 1, grantsPerKey: 1 }
  const harness = await withQuotas(context, { default: DEFAULT_QUOTAS, accounts: { [ACCOUNT]: own } })
  const KeyId = await keyOf(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/a', TargetKeyId: KeyId })
  await assert.rejects(harness.call('CreateAlias', { AliasName: 'alias/b', TargetKeyId: KeyId }), {
    code: 'LimitExceededException',
    text: 'Aliases per key quota for this account in this region is 1, current usage is 1.',
  })
  const grant = {
    KeyId,
    GranteePrincipal: `arn:aws:iam::${ACCOUNT}:user/alice`,
    RetiringPrincipal: `arn:aws:iam::${ACCOUNT}:user/alice`,
    Operations: ['Encrypt'],
  }
  await harness.call('CreateGrant', grant)
  await assert.rejects(harness.call('CreateGrant', grant), {
    code: 'LimitExceededException',
    text: 'Grants per key quota for this account in this region is 1, current usage is 1.',
  })
})

test('cryptography counts by the kind of its keys', async (context) => {
  const harness = await withQuotas(context, limited({ symmetric: 0, 'GenerateDataKeyPair RSA_2048': 0 }))
  const KeyId = await keyOf(harness)
  const ecc = await keyOf(harness, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  const hmac = await keyOf(harness, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  for (const [operation, body] of [
    ['Encrypt', { KeyId, Plaintext }],
    ['Encrypt', { KeyId, Plaintext, DryRun: true }],
    ['GenerateDataKey', { KeyId, KeySpec: 'AES_256' }],
    ['GenerateMac', { KeyId: hmac, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' }],
    ['GenerateRandom', { NumberOfBytes: 1 }],
    ['GenerateDataKeyPair', { KeyId, KeyPairSpec: 'RSA_2048' }],
    ['GenerateDataKeyPairWithoutPlaintext', { KeyId, KeyPairSpec: 'RSA_2048' }],
  ] as const) {
    await assert.rejects(harness.call(operation, body), throttled, operation)
  }
  const sign = { KeyId: ecc, Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' }
  await harness.call('Sign', sign)
  await harness.call('GenerateDataKeyPair', { KeyId, KeyPairSpec: 'ECC_NIST_P256' })
  await harness.call('DescribeKey', { KeyId })
})

test('ReEncrypt counts for the kinds of both of its keys', async (context) => {
  const harness = await withQuotas(context, limited({ rsa: 0 }))
  const [KeyId, other] = [await keyOf(harness), await keyOf(harness)]
  const rsa = await keyOf(harness, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext })
  await harness.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: other })
  const toRsa = { DestinationKeyId: rsa, DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }
  await assert.rejects(harness.call('ReEncrypt', { CiphertextBlob, ...toRsa }), throttled)
})

test('other operations count by their names, changes that prepare once', async (context) => {
  const harness = await withQuotas(context, limited({ DescribeKey: 0, TagResource: 0 }))
  const KeyId = await keyOf(harness)
  await assert.rejects(harness.call('DescribeKey', { KeyId }), throttled)
  await assert.rejects(harness.call('TagResource', { KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }), throttled)
  const { Tags } = await harness.call('ListResourceTags', { KeyId })
  assert.deepEqual(Tags, [])
  const once = await withQuotas(context, limited({ CreateKey: 1 }))
  await keyOf(once)
})

test('whose account calls counts, not whose key it is; refused calls count, and are recorded', async (context) => {
  const rows = { symmetric: 0 }
  const own = { ...DEFAULT_QUOTAS, requests: { others: 'unlimited', rows } as const }
  const harness = await withQuotas(context, { default: DEFAULT_QUOTAS, accounts: { [OTHER_ACCOUNT]: own } })
  const KeyId = await keyOf(harness)
  const keyArn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${KeyId}`
  await harness.call('Encrypt', { KeyId, Plaintext })
  await assert.rejects(
    harness.call('Encrypt', { KeyId: keyArn, Plaintext }, { account: OTHER_ACCOUNT }),
    throttled,
    'before it is asked whether he may',
  )
  const record = harness.auditRecords().at(-1)
  assert.equal(record.errorCode, 'ThrottlingException')
  assert.equal(record.eventName, 'Encrypt')
})
