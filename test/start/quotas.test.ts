import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { UsageError } from '../../src/config/operator-error.ts'
import { DEFAULT_QUOTAS, UNLIMITED } from '../../src/domain/quotas.ts'
import { readQuotas } from '../../src/start/quotas.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-quotas-'))
const path = join(folder, 'quotas.yaml')
after(() => rmSync(folder, { recursive: true }))

function read(text: string) {
  writeFileSync(path, text)
  return readQuotas(path)
}

test('an empty file changes nothing', () => {
  assert.deepEqual(read(''), { default: DEFAULT_QUOTAS, accounts: {} })
  assert.deepEqual(read('default:\naccounts:\n'), { default: DEFAULT_QUOTAS, accounts: {} })
})

test('an account has what is said of it, and else what is said of all', () => {
  const text = `
default:
  keys: unlimited
  grants-per-key: 100
  requests-per-second:
    others: aws
    CreateKey: 50
accounts:
  "111122223333":
    keys: 10
    requests-per-second:
      symmetric: 0
      GenerateDataKeyPair RSA_2048: unlimited
  "444455556666":
    requests-per-second: unlimited
`
  const usual = {
    keys: UNLIMITED,
    aliasesPerKey: 50,
    grantsPerKey: 100,
    requests: { others: 'aws', rows: { CreateKey: 50 } },
  }
  const rows = { CreateKey: 50, symmetric: 0, 'GenerateDataKeyPair RSA_2048': UNLIMITED }
  const expected = {
    default: usual,
    accounts: {
      '111122223333': { ...usual, keys: 10, requests: { others: 'aws', rows } },
      '444455556666': { ...usual, requests: { others: 'unlimited', rows: {} } },
    },
  }
  const quotas = read(text)
  assert.deepEqual(quotas, expected)
  assert.deepEqual(JSON.parse(JSON.stringify(quotas)), expected, 'as workers get it')
})

test('what means nothing is refused with its place', () => {
  const cases = [
    ['keys: 5', /quotas\.yaml: 'keys' is none of default, accounts$/],
    ['default: {key: 5}', /default: 'key' is none of keys, aliases-per-key/],
    ['default: {keys: 0}', /default: keys: expected a whole number from 1 to 1000000000, or unlimited$/],
    ['default: {keys: many}', /default: keys: expected/],
    ['default: {keys: 1.5}', /default: keys: expected/],
    ['default: []', /default: expected names with values$/],
    ['default: {requests-per-second: {DescribeKeys: 5}}', /'DescribeKeys' is none of symmetric, rsa, ecc, ml-dsa, an/],
    ['default: {requests-per-second: {Encrypt: 5}}', /'Encrypt' is none of symmetric/],
    [
      'default: {requests-per-second: {CreateKey: -1}}',
      /requests-per-second: CreateKey: expected a whole number from 0/,
    ],
    ['default: {requests-per-second: {others: none}}', /requests-per-second: others: expected aws or unlimited$/],
    ['default: {requests-per-second: 5}', /requests-per-second: expected names with values$/],
    ['accounts: {"1": {keys: 5}}', /accounts: 1: expected an account id of 12 digits, in quotes$/],
  ] as const
  for (const [text, message] of cases) {
    assert.throws(
      () => read(text),
      (error) => error instanceof UsageError && message.test(error.message) && /docs\/quotas\.md/.test(error.hint!),
      text,
    )
  }
  assert.throws(() => readQuotas(join(folder, 'missing.yaml')), /--quotas: cannot use .*missing\.yaml: /)
})
