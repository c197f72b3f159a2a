/** operations.md 3.25; audit.md 4.1. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarness, type Harness } from '../support/harness.ts'
import { assertFails, assertValidation, constraint, lastRecord, memberNames } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const generate = (body: object) => harness.call('GenerateRandom', body)

test('GenerateRandom answers as many bytes as asked for, never the same', async () => {
  for (const NumberOfBytes of [1, 32, 1024]) {
    const answer = await generate({ NumberOfBytes })
    assert.deepEqual(memberNames(answer), ['Plaintext'])
    assert.equal(Buffer.from(answer.Plaintext, 'base64').length, NumberOfBytes)
  }
  const answers = await Promise.all(Array.from({ length: 50 }, () => generate({ NumberOfBytes: 16 })))
  assert.equal(new Set(answers.map(({ Plaintext }) => Plaintext)).size, 50)
})

test('the number of bytes is required and between 1 and 1024', async () => {
  await assertValidation(generate({}), 'NumberOfBytes is required.')
  await assertValidation(
    generate({ NumberOfBytes: 0 }),
    constraint("'0'", 'numberOfBytes', 'have value greater than or equal to 1'),
  )
  await assertValidation(
    generate({ NumberOfBytes: 1025 }),
    constraint("'1025'", 'numberOfBytes', 'have value less than or equal to 1024'),
  )
})

test('a custom key store is not found', async () => {
  await assertFails(
    generate({ NumberOfBytes: 16, CustomKeyStoreId: 'cks-0123456789abcdef0' }),
    'CustomKeyStoreNotFoundException',
    'Custom key store cks-0123456789abcdef0 is not found.',
  )
})

test('the audit record holds neither parameters nor resources', async () => {
  await generate({ NumberOfBytes: 16 })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'GenerateRandom',
    readOnly: true,
    requestParameters: null,
    responseElements: null,
    resources: [],
  })
})
