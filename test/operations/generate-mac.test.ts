/** operations.md 3.24, 4.7; audit.md 4.1. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { algorithmsFor, kindsFor, PRINTED } from '../support/key-kinds.ts'
import { testMaterialRules } from './material-rules.ts'
import { assertFails, assertValidation, constraint, memberNames, newKey } from './support.ts'

/** operations.md 4.7. */
const MAC_BYTES: Readonly<Record<string, number>> = {
  HMAC_SHA_224: 28,
  HMAC_SHA_256: 32,
  HMAC_SHA_384: 48,
  HMAC_SHA_512: 64,
}

let harness: Harness
/** By spec. */
let keys: ReadonlyMap<string, Answer>
before(async () => {
  harness = await createHarness()
  const made = kindsFor('GENERATE_VERIFY_MAC').map(async ({ KeySpec, KeyUsage }) => [
    KeySpec,
    await newKey(harness, { KeySpec, KeyUsage }),
  ])
  keys = new Map((await Promise.all(made)) as [string, Answer][])
})
after(() => harness.close())

const Message = Buffer.from('a message')
const generate = (body: object) =>
  harness.call('GenerateMac', { KeyId: keys.get('HMAC_256').KeyId, Message, MacAlgorithm: 'HMAC_SHA_256', ...body })

testMaterialRules(() => harness, {
  operation: 'GenerateMac',
  kind: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
  keyUsage: 'GENERATE_VERIFY_MAC',
  body: async () => ({ Message, MacAlgorithm: 'HMAC_SHA_256' }),
  audited: { macAlgorithm: 'HMAC_SHA_256' },
})

for (const { KeySpec, algorithms } of kindsFor('GENERATE_VERIFY_MAC')) {
  const MacAlgorithm = algorithms[0]!
  test(`${MacAlgorithm} of ${KeySpec}: full length, the same each time, another for another message or key`, async () => {
    const { KeyId, Arn } = keys.get(KeySpec)
    const answer = await generate({ KeyId, MacAlgorithm })
    assert.deepEqual(memberNames(answer), ['KeyId', 'Mac', 'MacAlgorithm'])
    assert.deepEqual([answer.KeyId, answer.MacAlgorithm], [Arn, MacAlgorithm])
    assert.equal(Buffer.from(answer.Mac, 'base64').length, MAC_BYTES[MacAlgorithm])
    assert.deepEqual(await generate({ KeyId, MacAlgorithm }), answer)
    assert.notEqual((await generate({ KeyId, MacAlgorithm, Message: Buffer.from('b') })).Mac, answer.Mac)
    const other = await newKey(harness, { KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' })
    assert.notEqual((await generate({ KeyId: other.KeyId, MacAlgorithm })).Mac, answer.Mac)
  })

  test(`${KeySpec} refuses algorithms of another size`, async () => {
    const others = algorithmsFor('GENERATE_VERIFY_MAC').filter((name) => name !== MacAlgorithm)
    assert.equal(others.length, 3)
    for (const other of others) {
      await assertFails(
        generate({ KeyId: keys.get(KeySpec).KeyId, MacAlgorithm: other }),
        'InvalidKeyUsageException',
        `Algorithm ${other} is incompatible with key spec ${KeySpec}.`,
      )
    }
  })
}

test('a message has 1 to 4096 bytes', async () => {
  for (const bytes of [1, 4096]) assert.ok((await generate({ Message: Buffer.alloc(bytes) })).Mac)
  await assertValidation(generate({ Message: '' }), constraint('', 'message', 'have length greater than or equal to 1'))
  await assertValidation(
    generate({ Message: Buffer.alloc(4097) }),
    constraint('', 'message', 'have length less than or equal to 4096'),
  )
})

test('a disabled key says so even if the algorithm does not fit', async () => {
  const { KeyId, Arn } = await newKey(harness, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  await harness.call('DisableKey', { KeyId })
  await assertFails(generate({ KeyId, MacAlgorithm: 'HMAC_SHA_512' }), 'DisabledException', `${Arn} is disabled.`)
})

test('missing and unknown members are reported with the list that AWS prints (1.8)', async () => {
  await assertValidation(
    harness.call('GenerateMac'),
    "3 validation errors detected: Value at 'message' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'macAlgorithm' failed to satisfy constraint: Member must not be null",
  )
  await assertValidation(
    generate({ MacAlgorithm: 'INVALID' }),
    constraint("'INVALID'", 'macAlgorithm', `satisfy enum value set: [${PRINTED.macAlgorithm}]`),
  )
})
