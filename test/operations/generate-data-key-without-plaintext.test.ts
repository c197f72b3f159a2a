/** operations.md 3.23; audit.md 4.1. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import {
  assertFails,
  assertValidation,
  constraint,
  DRY_RUN,
  lastRecord,
  memberNames,
  newKey,
  resource,
} from './support.ts'

let harness: Harness
let key: Answer
before(async () => {
  harness = await createHarness()
  key = await newKey(harness)
})
after(() => harness.close())

const generate = (body: object) => harness.call('GenerateDataKeyWithoutPlaintext', { KeyId: key.KeyId, ...body })

test('GenerateDataKeyWithoutPlaintext answers only the encrypted key, which Decrypt opens', async () => {
  for (const [body, length] of [
    [{ KeySpec: 'AES_256' }, 32],
    [{ KeySpec: 'AES_128' }, 16],
    [{ NumberOfBytes: 1024 }, 1024],
  ] as const) {
    const answer = await generate(body)
    assert.deepEqual(memberNames(answer), ['CiphertextBlob', 'KeyId', 'KeyMaterialId'])
    assert.equal(answer.KeyId, key.Arn)
    assert.equal(answer.KeyMaterialId, key.CurrentKeyMaterialId)
    const opened = await harness.call('Decrypt', { CiphertextBlob: answer.CiphertextBlob })
    const plaintext = Buffer.from(opened.Plaintext, 'base64')
    assert.equal(plaintext.length, length)
    assert.notDeepEqual(plaintext, Buffer.alloc(length), 'sealed after it was wiped')
  }
})

test('exactly one of KeySpec and NumberOfBytes is needed, within bounds', async () => {
  const text = 'Please specify either number of bytes or key spec.'
  await assertValidation(generate({}), text)
  await assertValidation(generate({ KeySpec: 'AES_256', NumberOfBytes: 32 }), text)
  await assertValidation(
    generate({ NumberOfBytes: 1025 }),
    constraint("'1025'", 'numberOfBytes', 'have value less than or equal to 1024'),
  )
})

test('DryRun says that it would have worked', async () => {
  await assertFails(generate({ KeySpec: 'AES_256', DryRun: true }), ...DRY_RUN)
})

test('the audit record holds the key spec', async () => {
  await generate({ KeySpec: 'AES_256' })
  assert.deepEqual(lastRecord(harness), {
    eventName: 'GenerateDataKeyWithoutPlaintext',
    readOnly: true,
    requestParameters: { keyId: key.KeyId, keySpec: 'AES_256' },
    responseElements: null,
    additionalEventData: { keyMaterialId: key.CurrentKeyMaterialId },
    resources: [resource(key.Arn)],
  })
})
