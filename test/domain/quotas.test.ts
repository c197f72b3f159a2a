/** operations.md 7.1 to 7.3. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createQuotas, DEFAULT_QUOTAS, type QuotaSettings, UNLIMITED } from '../../src/domain/quotas.ts'
import { createRateCounter } from '../../src/domain/rate-counter.ts'
import { awsRequestQuota } from '../../src/domain/request-quotas.ts'

const ACCOUNT = '111122223333'
const OTHER = '444455556666'
const REGION = 'eu-central-1'

const throttled = {
  code: 'ThrottlingException',
  status: 400,
  text: 'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
}

function requests(others: 'aws' | 'unlimited', rows: Record<string, number> = {}): QuotaSettings {
  return { default: { ...DEFAULT_QUOTAS, requests: { others, rows } }, accounts: {} }
}

test("AWS's resource quotas hold if nobody says otherwise, and nobody counts requests", () => {
  const quotas = createQuotas()
  assert.partialDeepStrictEqual(quotas.of(ACCOUNT), { keys: 100_000, aliasesPerKey: 50, grantsPerKey: 50_000 })
  assert.equal(quotas.takeRequest, undefined)
})

test('an account has its own quotas, the others the default', () => {
  const own = { ...DEFAULT_QUOTAS, keys: 2 }
  const quotas = createQuotas({ default: { ...DEFAULT_QUOTAS, keys: UNLIMITED }, accounts: { [ACCOUNT]: own } })
  assert.equal(quotas.of(ACCOUNT).keys, 2)
  assert.equal(quotas.of(OTHER).keys, UNLIMITED)
})

test('each account, Region and row has its requests of each second', () => {
  let now = 5_000
  const { takeRequest } = createQuotas(
    requests('unlimited', { CreateKey: 2 }),
    createRateCounter(() => now),
  )
  const take = (account: string, region: string, row: string) => takeRequest!(account, region, row)
  take(ACCOUNT, REGION, 'CreateKey')
  take(ACCOUNT, REGION, 'CreateKey')
  assert.throws(() => take(ACCOUNT, REGION, 'CreateKey'), throttled)
  take(OTHER, REGION, 'CreateKey')
  take(ACCOUNT, 'eu-west-1', 'CreateKey')
  for (let count = 0; count < 1000; count++) take(ACCOUNT, REGION, 'symmetric')
  now = 5_999
  assert.throws(() => take(ACCOUNT, REGION, 'CreateKey'), throttled)
  now = 6_000
  take(ACCOUNT, REGION, 'CreateKey')
})

test("AWS's numbers", () => {
  const table: readonly (readonly [string, number | undefined])[] = [
    ['rsa', 1_000],
    ['ecc', 1_000],
    ['ml-dsa', 1_000],
    ['GenerateDataKeyPair ECC_NIST_P256', 100],
    ['GenerateDataKeyPair ECC_NIST_EDWARDS25519', 100],
    ['GenerateDataKeyPair RSA_2048', 20],
    ['GenerateDataKeyPair RSA_3072', 4],
    ['GenerateDataKeyPair RSA_4096', 1],
    ['GenerateDataKeyPair SM2', 25],
    ['DescribeKey', 2_000],
    ['GetKeyRotationStatus', 1_000],
    ['ListKeys', 500],
    ['ListGrants', 100],
    ['CreateGrant', 50],
    ['PutKeyPolicy', 15],
    ['TagResource', 10],
    ['CreateKey', 5],
    ['ConnectCustomKeyStore', 5],
    ['GetParametersForImport', 1],
    ['Nonsense', undefined],
  ]
  for (const [row, most] of table) assert.equal(awsRequestQuota(row, REGION), most, row)
  const symmetric = { 'us-east-1': 100_000, 'eu-west-1': 100_000, 'eu-central-1': 20_000, 'eu-west-3': 10_000 }
  for (const [region, most] of Object.entries(symmetric)) assert.equal(awsRequestQuota('symmetric', region), most)

  const { takeRequest } = createQuotas(
    requests('aws', { CreateKey: 7, DescribeKey: UNLIMITED }),
    createRateCounter(() => 0),
  )
  const takes = (row: string) => {
    for (let count = 0; ; count++) {
      if (count === 3_000) return count
      try {
        takeRequest!(ACCOUNT, REGION, row)
      } catch {
        return count
      }
    }
  }
  assert.equal(takes('CreateKey'), 7)
  assert.equal(takes('TagResource'), 10)
  assert.equal(takes('DescribeKey'), 3_000)
})
