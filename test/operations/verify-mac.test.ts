/** operations.md 3.54; audit.md 4.1. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { algorithmsFor, kindsFor, PRINTED } from '../support/key-kinds.ts'
import { testMaterialRules } from './material-rules.ts'
import { assertFails, assertValidation, constraint, DRY_RUN, newKey } from './support.ts'

const INVALID = ['KMSInvalidMacException', undefined] as const
const Message = Buffer.from('a message')

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

async function macOf(KeyId: string, MacAlgorithm: string): Promise<Buffer> {
  return Buffer.from((await harness.call('GenerateMac', { KeyId, Message, MacAlgorithm })).Mac, 'base64')
}

const verify = (body: object) => harness.call('VerifyMac', { Message, ...body })

testMaterialRules(() => harness, {
  operation: 'VerifyMac',
  kind: { KeySpec: 'HMAC_512', KeyUsage: 'GENERATE_VERIFY_MAC' },
  keyUsage: 'GENERATE_VERIFY_MAC',
  body: async ({ KeyId }) => ({
    Message,
    MacAlgorithm: 'HMAC_SHA_512',
    Mac: await macOf(KeyId, 'HMAC_SHA_512'),
  }),
  audited: { macAlgorithm: 'HMAC_SHA_512' },
})

for (const { KeySpec, algorithms } of kindsFor('GENERATE_VERIFY_MAC')) {
  const MacAlgorithm = algorithms[0]!
  test(`${MacAlgorithm} of ${KeySpec}: the MAC is valid, and nothing else is`, async () => {
    const { KeyId, Arn } = keys.get(KeySpec)
    const Mac = await macOf(KeyId, MacAlgorithm)
    const request = { KeyId, MacAlgorithm, Mac }
    assert.deepEqual(await verify(request), { KeyId: Arn, MacValid: true, MacAlgorithm })
    await assertFails(verify({ ...request, DryRun: true }), ...DRY_RUN)
    const changed = [0, Mac.length - 1].map((at) => {
      const copy = Buffer.from(Mac)
      copy[at]! ^= 1
      return copy
    })
    const truncated = [1, Mac.length >> 1, Mac.length - 1].map((end) => Mac.subarray(0, end))
    const longer = [Buffer.concat([Mac, Buffer.alloc(1)]), Buffer.concat([Mac, Mac]), Buffer.alloc(6144)]
    for (const wrong of [...changed, ...truncated, ...longer, Buffer.alloc(Mac.length)]) {
      await assertFails(verify({ ...request, Mac: wrong }), ...INVALID)
      await assertFails(verify({ ...request, Mac: wrong, DryRun: true }), ...INVALID)
    }
    await assertFails(verify({ ...request, Message: Buffer.from('a messagf') }), ...INVALID)
    const other = await newKey(harness, { KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' })
    await assertFails(verify({ ...request, KeyId: other.KeyId }), ...INVALID)
  })

  test(`${KeySpec} refuses algorithms of another size before it looks at the MAC`, async () => {
    const others = algorithmsFor('GENERATE_VERIFY_MAC').filter((name) => name !== MacAlgorithm)
    for (const other of others) {
      await assertFails(
        verify({ KeyId: keys.get(KeySpec).KeyId, MacAlgorithm: other, Mac: Buffer.alloc(64) }),
        'InvalidKeyUsageException',
        `Algorithm ${other} is incompatible with key spec ${KeySpec}.`,
      )
    }
  })
}

test('a disabled key says so even if MAC and algorithm do not fit', async () => {
  const { KeyId, Arn } = await newKey(harness, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  await harness.call('DisableKey', { KeyId })
  for (const MacAlgorithm of ['HMAC_SHA_256', 'HMAC_SHA_512']) {
    const work = verify({ KeyId, MacAlgorithm, Mac: Buffer.alloc(3) })
    await assertFails(work, 'DisabledException', `${Arn} is disabled.`)
  }
})

test('missing, unknown, empty and overlong members', async () => {
  await assertValidation(
    harness.call('VerifyMac'),
    "4 validation errors detected: Value at 'message' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'keyId' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'macAlgorithm' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'mac' failed to satisfy constraint: Member must not be null",
  )
  const { KeyId } = keys.get('HMAC_256')
  const request = { KeyId, MacAlgorithm: 'HMAC_SHA_256', Mac: Buffer.alloc(32) }
  await assertValidation(
    verify({ ...request, MacAlgorithm: 'HMAC_SHA_1' }),
    constraint("'HMAC_SHA_1'", 'macAlgorithm', `satisfy enum value set: [${PRINTED.macAlgorithm}]`),
  )
  await assertValidation(
    verify({ ...request, Message: '' }),
    constraint('', 'message', 'have length greater than or equal to 1'),
  )
  // Recorded: no bytes are shown.
  for (const [bytes, rule] of [
    [0, 'have length greater than or equal to 1'],
    [6145, 'have length less than or equal to 6144'],
  ] as const) {
    await assertValidation(verify({ ...request, Mac: Buffer.alloc(bytes) }), constraint('', 'mac', rule))
  }
})
