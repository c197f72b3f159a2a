/** Formats of authorization.md 6.1. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRandomSource } from '../../../src/crypto/random.ts'
import {
  accessKeyIdOf,
  accountOfAccessKeyId,
  randomAccount,
  secretAccessKey,
  uniqueIdOf,
} from '../../../src/domain/identity/identifiers.ts'

const random = createRandomSource()

test('the access key id of the specification encodes its account', () => {
  assert.equal(accountOfAccessKeyId('AKIARZPUZDIKGB2VALC4'), '123456789012')
  assert.equal(accountOfAccessKeyId('ASIARZPUZDIKGB2VALC4'), '123456789012')
})

test('characters 5 to 12 are those of the account, the 13th tells odd from even', () => {
  assert.match(accessKeyIdOf('123456789012', random), /^AKIARZPUZDIK[A-P][A-Z2-7]{7}$/)
  assert.match(accessKeyIdOf('123456789013', random), /^AKIARZPUZDIK[Q-Z2-7][A-Z2-7]{7}$/)
})

test('any account can be read from its access key ids', () => {
  const accounts = fc.integer({ min: 0, max: 999_999_999_999 }).map((number) => String(number).padStart(12, '0'))
  fc.assert(
    fc.property(accounts, (account) => {
      const accessKeyId = accessKeyIdOf(account, random)
      assert.match(accessKeyId, /^AKIA[A-Z2-7]{16}$/)
      assert.equal(accountOfAccessKeyId(accessKeyId), account)
    }),
    { examples: [['000000000000'], ['000000000001'], ['999999999999']] },
  )
})

test('text that is no access key id has no account', () => {
  for (const text of [
    '',
    'test',
    'AKIA',
    'AKIARZPUZDIKGB2VALC',
    'AKIARZPUZDIKGB2VALC40',
    'AIDARZPUZDIKGB2VALC4',
    'akiarzpuzdikgb2valc4',
  ]) {
    assert.equal(accountOfAccessKeyId(text), undefined, text)
  }
  // Well formed, but below the offset, or beyond the last account.
  assert.equal(accountOfAccessKeyId('AKIAAAAAAAAAGB2VALC4'), undefined)
  assert.equal(accountOfAccessKeyId('AKIA77777777GB2VALC4'), undefined)
})

test('secrets have 40 characters, user ids 21, and none comes twice', () => {
  const secrets = Array.from({ length: 500 }, () => secretAccessKey(random))
  const userIds = Array.from({ length: 500 }, () => uniqueIdOf('user', random))
  for (const secret of secrets) assert.match(secret, /^[A-Za-z0-9+/]{40}$/)
  for (const userId of userIds) assert.match(userId, /^AIDA[A-Z2-7]{17}$/)
  assert.equal(new Set(secrets).size, 500)
  assert.equal(new Set(userIds).size, 500)
})

test('unique ids tell what they are of (authorization.md 6.1)', () => {
  const prefixes = { user: 'AIDA', role: 'AROA', group: 'AGPA', policy: 'ANPA' } as const
  for (const [kind, prefix] of Object.entries(prefixes)) {
    assert.match(uniqueIdOf(kind as keyof typeof prefixes, random), new RegExp(`^${prefix}[A-Z2-7]{17}$`))
  }
})

test('temporary access keys name the account like long-term ones, and differ from them at first sight', () => {
  const id = accessKeyIdOf('123456789012', random, 'ASIA')
  assert.match(id, /^ASIA[A-Z2-7]{16}$/)
  assert.equal(accountOfAccessKeyId(id), '123456789012')
})

test('a random account has 12 digits and no zero in front', () => {
  for (let count = 0; count < 500; count++) assert.match(randomAccount(random), /^[1-9]\d{11}$/)
})
