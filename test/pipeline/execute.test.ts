/** The order of checks (authorization.md section 0), the warm path, and that nothing is answered without its record. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { KmsError } from '../../src/base/errors.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, REGION } from '../support/harness.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

async function failureOf(work: Promise<unknown>): Promise<{ code: string; text: string | undefined }> {
  try {
    await work
  } catch (error) {
    assert.ok(error instanceof KmsError, String(error))
    return { code: error.code, text: error.text }
  }
  return assert.fail('nothing was thrown')
}

async function newKey(of: Harness = harness): Promise<Answer> {
  return (await of.call('CreateKey')).KeyMetadata
}

const NOT_VISIBLE =
  'the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'

test('a caller of another account learns nothing about a key: existing, disabled, pending or missing look alike', async () => {
  const [enabled, disabled, pending] = [await newKey(), await newKey(), await newKey()]
  await harness.call('DisableKey', { KeyId: disabled.KeyId })
  await harness.call('ScheduleKeyDeletion', { KeyId: pending.KeyId })
  const missing = `arn:aws:kms:${REGION}:${ACCOUNT}:key/00000000-0000-0000-0000-000000000000`
  const alias = `arn:aws:kms:${REGION}:${ACCOUNT}:alias/none`
  const expected = {
    code: 'AccessDeniedException',
    text: `User: arn:aws:iam::${OTHER_ACCOUNT}:user/alice is not authorized to perform: kms:Encrypt on this resource because ${NOT_VISIBLE}`,
  }
  for (const KeyId of [enabled.Arn, disabled.Arn, pending.Arn, missing, alias]) {
    const body = { KeyId, Plaintext: Buffer.from('x') }
    assert.deepEqual(await failureOf(harness.call('Encrypt', body, { account: OTHER_ACCOUNT })), expected, KeyId)
  }
})

test('a ciphertext of another account reads like one of a key that never was (A-8)', async () => {
  const { KeyId } = await newKey()
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
  const unknown = Buffer.from(CiphertextBlob, 'base64')
  unknown[20]! ^= 1
  const asked = [CiphertextBlob, unknown].map((blob) =>
    failureOf(harness.call('Decrypt', { CiphertextBlob: blob }, { account: OTHER_ACCOUNT })),
  )
  const [foreign, never] = await Promise.all(asked)
  assert.deepEqual(foreign, never)
  assert.equal(
    foreign!.text,
    `User: arn:aws:iam::${OTHER_ACCOUNT}:user/alice is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because ${NOT_VISIBLE}`,
  )
})

test('constraints come before resolution, resolution before state, state before the ciphertext, the dry run last', async () => {
  const { KeyId, Arn } = await newKey()
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
  const altered = Buffer.from(CiphertextBlob, 'base64')
  altered[altered.length - 1]! ^= 1
  const tooLong = Buffer.alloc(4097)
  assert.equal(
    (await failureOf(harness.call('Encrypt', { KeyId: 'alias/none', Plaintext: tooLong }))).code,
    'ValidationException',
  )
  assert.equal(
    (await failureOf(harness.call('Decrypt', { CiphertextBlob: altered, DryRun: true }))).code,
    'InvalidCiphertextException',
  )
  assert.equal(
    (await failureOf(harness.call('Decrypt', { CiphertextBlob, DryRun: true }))).code,
    'DryRunOperationException',
  )
  await harness.call('DisableKey', { KeyId })
  assert.deepEqual(await failureOf(harness.call('Decrypt', { CiphertextBlob: altered })), {
    code: 'DisabledException',
    text: `${Arn} is disabled.`,
  })
})

test('a warm Encrypt, Decrypt or GenerateDataKey does not touch the store', async () => {
  const calls: string[] = []
  const watched = await createHarness({ onStoreCall: (method) => calls.push(method) })
  const { KeyId } = await newKey(watched)
  await watched.call('CreateAlias', { AliasName: 'alias/warm', TargetKeyId: KeyId })
  const EncryptionContext = { a: 'b' }
  const round = async () => {
    const { CiphertextBlob } = await watched.call('Encrypt', {
      KeyId: 'alias/warm',
      Plaintext: Buffer.from('x'),
      EncryptionContext,
    })
    await watched.call('Decrypt', { CiphertextBlob, EncryptionContext })
    await watched.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })
  }
  await round()
  assert.ok(calls.length > 0, 'the cold round touches it')
  calls.length = 0
  for (let count = 0; count < 10; count++) await round()
  assert.deepEqual(
    calls.filter((method) => method !== 'changesAfter'),
    [],
  )
  await watched.close()
})

test('a change is in force at once on the node that made it, though everything was cached', async () => {
  const { KeyId } = await newKey()
  await harness.call('CreateAlias', { AliasName: 'alias/moving', TargetKeyId: KeyId })
  const encrypt = () => harness.call('Encrypt', { KeyId: 'alias/moving', Plaintext: Buffer.from('x') })
  await encrypt()
  await harness.call('DisableKey', { KeyId })
  assert.equal((await failureOf(encrypt())).code, 'DisabledException')
  const second = await newKey()
  await harness.call('UpdateAlias', { AliasName: 'alias/moving', TargetKeyId: second.KeyId })
  assert.equal((await encrypt()).KeyId, second.Arn)
  await harness.call('DeleteAlias', { AliasName: 'alias/moving' })
  assert.equal((await failureOf(encrypt())).code, 'NotFoundException')
})

test('a key does not exist from its deletion date on, whether or not the eraser came by', async () => {
  const { KeyId, Arn } = await newKey()
  await harness.call('CreateAlias', { AliasName: 'alias/ending', TargetKeyId: KeyId })
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
  harness.clock.advance(7 * 86_400_000 - 1)
  assert.equal((await harness.call('DescribeKey', { KeyId })).KeyMetadata.KeyState, 'PendingDeletion')
  harness.clock.advance(1)
  const gone = { code: 'NotFoundException', text: `Key '${Arn}' does not exist` }
  assert.deepEqual(await failureOf(harness.call('DescribeKey', { KeyId })), gone)
  assert.deepEqual(await failureOf(harness.call('CancelKeyDeletion', { KeyId })), gone)
  assert.equal((await failureOf(harness.call('Decrypt', { CiphertextBlob }))).code, 'AccessDeniedException')
  const listed = (await harness.call('ListKeys', { Limit: 1000 })).Keys.map((key: Answer) => key.KeyId)
  assert.ok(!listed.includes(KeyId))

  await harness.service.jobs.runAll()
  assert.equal(await harness.store.findKey({ account: ACCOUNT, region: REGION, keyId: KeyId }), undefined)
  assert.equal(
    await harness.store.findAlias({ account: ACCOUNT, region: REGION, aliasName: 'alias/ending' }),
    undefined,
  )
  const event = harness.auditRecords().findLast((record) => record.eventName === 'DeleteKey')
  assert.equal(event.eventType, 'AwsServiceEvent')
  assert.deepEqual(event.responseElements, { keyId: Arn })
  await harness.service.jobs.runAll()
  assert.equal(harness.auditRecords().filter((record) => record.eventName === 'DeleteKey').length, 1)
})

test('when the audit log cannot take a record nothing is answered, and nothing is begun', async () => {
  let failing: 'admit' | 'append' | undefined
  const broken = await createHarness({
    beforeAudit(step) {
      if (step === failing) throw new KmsError('KMSInternalException')
    },
  })
  const { KeyId } = await newKey(broken)
  failing = 'append'
  const body = { KeyId, Plaintext: Buffer.from('x') }
  assert.equal((await failureOf(broken.call('Encrypt', body))).code, 'KMSInternalException')
  assert.equal(
    (await failureOf(broken.call('Encrypt', { KeyId: 'alias/none', Plaintext: 'eA==' }))).code,
    'KMSInternalException',
  )
  failing = 'admit'
  assert.equal((await failureOf(broken.call('DisableKey', { KeyId }))).code, 'KMSInternalException')
  failing = undefined
  assert.equal((await broken.call('DescribeKey', { KeyId })).KeyMetadata.Enabled, true, 'the change was not begun')
  await broken.close()
})

test('a change whose record the log did not take keeps it in the outbox; one that failed leaves neither', async () => {
  let failing = false
  const broken = await createHarness({
    beforeAudit(step) {
      if (failing && step === 'append') throw new KmsError('KMSInternalException')
    },
  })
  const { KeyId, Arn } = await newKey(broken)
  failing = true
  assert.equal((await failureOf(broken.call('DisableKey', { KeyId }))).code, 'KMSInternalException')
  failing = false
  const pending = (await broken.store.pendingAuditRecords()).map(({ line }) => JSON.parse(line))
  const names = pending.map((record) => record.eventName)
  assert.ok(names.includes('DisableKey'), names.join())
  assert.equal((await broken.call('DescribeKey', { KeyId })).KeyMetadata.Enabled, false)
  await failureOf(broken.call('CancelKeyDeletion', { KeyId }))
  const records = broken.auditRecords()
  assert.ok(
    !records.some((record) => record.eventName === 'DisableKey'),
    'a change that stands is not recorded as failed',
  )
  const after = (await broken.store.pendingAuditRecords()).map(({ line }) => JSON.parse(line).eventName)
  assert.ok(!after.includes('CancelKeyDeletion'))
  assert.equal(
    broken.auditRecords().findLast((record) => record.errorCode !== undefined).errorMessage,
    `${Arn} is not pending deletion.`,
  )
  await broken.close()
})

test('a record that the log refused reaches it as soon as it can, once', async () => {
  let failing = false
  const broken = await createHarness({
    beforeAudit(step) {
      if (failing && step === 'append') throw new KmsError('KMSInternalException')
    },
  })
  const { KeyId } = await newKey(broken)
  failing = true
  await failureOf(broken.call('DisableKey', { KeyId }))
  failing = false
  await broken.close()
  const disabled = broken.auditRecords().filter((record) => record.eventName === 'DisableKey')
  assert.deepEqual(
    disabled.map((record) => record.errorCode),
    [undefined],
  )
})

test('every call has one record, whatever its end, with the request id that the client sees', async () => {
  const before = harness.auditLines.length
  const { KeyId } = await newKey()
  await failureOf(harness.call('DescribeKey', { KeyId: 'nonsense' }))
  await failureOf(harness.call('GenerateRandom', { NumberOfBytes: 'many' }))
  await harness.call('DescribeKey', { KeyId })
  const records = harness.auditRecords().slice(before)
  assert.deepEqual(
    records.map(({ eventName, errorCode }) => [eventName, errorCode]),
    [
      ['CreateKey', undefined],
      ['DescribeKey', 'NotFoundException'],
      ['GenerateRandom', 'SerializationException'],
      ['DescribeKey', undefined],
    ],
  )
  assert.equal(new Set(records.map((record) => record.eventID)).size, 4)
})

test('a change that was committed although nobody heard of it keeps its record, beside that of the failed call (audit.md G-2)', async (context) => {
  const own = await createHarness()
  // With all that is made at the first call.
  await newKey(own)
  const { change } = own.store
  context.mock.method(own.store, 'change', async (work: Parameters<typeof change>[0]) => {
    await change(work)
    throw new Error('the connection was lost before the server said whether it committed')
  })
  await assert.rejects(own.call('CreateKey'), /connection was lost/)
  context.mock.restoreAll()
  const failed = own.auditRecords().at(-1)
  const pending = (await own.store.pendingAuditRecords()).map(({ line }) => JSON.parse(line))
  const committed = pending.find(({ requestID }) => requestID === failed.requestID)
  assert.deepEqual([committed.eventName, committed.errorCode], ['CreateKey', undefined])
  assert.equal(failed.eventName, 'CreateKey')
  assert.equal(typeof failed.errorCode, 'string')
  // Whoever logs it later looks for its id in the log, and strikes what is there.
  assert.notEqual(failed.eventID, committed.eventID)
  await own.close()
})
