/**
 * What kms-provider (kubernetes.io/docs/tasks/administer-cluster) asks of key_id, Status, Encrypt and Decrypt, against a real KMS: rotation, aliases,
 * keys that cannot be used, and a KMS that is away or behind.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, type TestContext, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { type Keyhold, startKeyhold } from '../../src/index.ts'
import { GrpcError } from '../../src/kubernetes/grpc-error.ts'
import { createKeyCalls } from '../../src/kubernetes/key-calls.ts'
import { createKeyProvider } from '../../src/kubernetes/key-provider.ts'
import { createKmsCall, type KmsCall } from '../../src/outgoing/kms-calls.ts'
import { createTestClock } from '../support/test-clock.ts'

const REGION = 'eu-west-1'
const MINUTE_MS = 60_000

let keyhold: Keyhold
let client: kms.KMSClient

before(async () => {
  keyhold = await startKeyhold({ region: REGION })
  client = new kms.KMSClient({ endpoint: keyhold.endpoint, region: REGION, credentials: keyhold.credentials })
})

after(async () => {
  client.destroy()
  await keyhold.stop()
})

const newKey = async (more: kms.CreateKeyCommandInput = {}) =>
  (await client.send(new kms.CreateKeyCommand(more))).KeyMetadata!.Arn!

const materialOf = async (KeyId: string) =>
  (await client.send(new kms.DescribeKeyCommand({ KeyId }))).KeyMetadata!.CurrentKeyMaterialId!

const rotate = (KeyId: string) => client.send(new kms.RotateKeyOnDemandCommand({ KeyId }))

const NEVER = new AbortController().signal

interface Options {
  readonly encryptionContext?: Record<string, string>
  /** Stands between the provider and the KMS. */
  readonly between?: (call: KmsCall) => KmsCall
}

function providerOf(
  context: TestContext,
  key: string,
  { encryptionContext = {}, between = (call) => call }: Options = {},
) {
  const clock = createTestClock(systemClock.now())
  const calls: string[] = []
  const stopped = new AbortController()
  context.after(() => stopped.abort())
  const { sessionToken } = keyhold.credentials as { sessionToken?: string }
  const credentials = () => ({ ...keyhold.credentials, sessionToken })
  const real = between(createKmsCall({ endpoint: keyhold.endpoint, region: REGION, credentials, clock: systemClock }))
  const call: KmsCall = (operation, ...rest) => {
    calls.push(operation)
    return real(operation, ...rest)
  }
  const keyCalls = createKeyCalls({ key, encryptionContext, call })
  const options = { calls: keyCalls, clock, log: silentLog, stopped: stopped.signal }
  return { provider: createKeyProvider(options), clock, calls }
}

const withCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof GrpcError, String(error))
  assert.equal(error.code, code, error.message)
  return true
}

test('key_id is the ARN with the id of the key material that DescribeKey names, for Status as for Encrypt', async (context) => {
  const key = await newKey()
  const { provider } = providerOf(context, key)
  const keyId = `${key}#${await materialOf(key)}`
  assert.equal(await provider.currentKeyId(NEVER), keyId)
  const seed = randomBytes(32)
  const encrypted = await provider.encrypt(seed, NEVER)
  assert.equal(encrypted.keyId, keyId)
  assert.deepEqual(await provider.decrypt(encrypted.ciphertext, encrypted.keyId, NEVER), seed)
})

test('what Kubernetes keeps of an answer fits: 1 kB of ciphertext, 1 kB of key_id', async (context) => {
  const { provider } = providerOf(context, await newKey())
  const { ciphertext, keyId } = await provider.encrypt(randomBytes(32), NEVER)
  assert.ok(ciphertext.length > 0 && ciphertext.length <= 1024)
  assert.ok(keyId.length <= 1024)
  await assert.rejects(provider.encrypt(randomBytes(2000), NEVER), withCode('FAILED_PRECONDITION'))
})

test('the same seed is encrypted to something else each time', async (context) => {
  const { provider } = providerOf(context, await newKey())
  const seed = randomBytes(32)
  const [one, other] = [await provider.encrypt(seed, NEVER), await provider.encrypt(seed, NEVER)]
  assert.notDeepEqual(one.ciphertext, other.ciphertext)
})

test('Status asks the KMS about once a minute, and several callers at once ask it once', async (context) => {
  const { provider, clock, calls } = providerOf(context, await newKey())
  await Promise.all([1, 2, 3].map(() => provider.currentKeyId(NEVER)))
  assert.deepEqual(calls, ['Encrypt', 'Decrypt'])
  for (let seconds = 0; seconds < 45; seconds += 5) {
    clock.advance(5_000)
    await provider.currentKeyId(NEVER)
  }
  assert.equal(calls.length, 2)
  clock.advance(15_000)
  await provider.currentKeyId(NEVER)
  assert.equal(calls.length, 4)
})

test('a clock that is set back does not make what Status knows last', async (context) => {
  const { provider, clock, calls } = providerOf(context, await newKey())
  await provider.currentKeyId(NEVER)
  clock.advance(-60 * MINUTE_MS)
  await provider.currentKeyId(NEVER)
  assert.equal(calls.length, 4)
})

test('a rotation changes key_id for good; what was encrypted before it is decrypted on', async (context) => {
  const key = await newKey()
  const { provider, clock } = providerOf(context, key)
  const seed = randomBytes(32)
  const old = await provider.encrypt(seed, NEVER)
  await rotate(key)
  clock.advance(MINUTE_MS)
  const keyId = await provider.currentKeyId(NEVER)
  assert.notEqual(keyId, old.keyId)
  assert.equal(keyId, `${key}#${await materialOf(key)}`)
  assert.equal((await provider.encrypt(seed, NEVER)).keyId, keyId)
  assert.deepEqual(await provider.decrypt(old.ciphertext, old.keyId, NEVER), seed)
  clock.advance(60 * MINUTE_MS)
  assert.equal(await provider.currentKeyId(NEVER), keyId)
})

test('what is changed on a key otherwise leaves key_id alone', async (context) => {
  const KeyId = await newKey()
  const { provider, clock } = providerOf(context, KeyId)
  const keyId = await provider.currentKeyId(NEVER)
  await client.send(new kms.UpdateKeyDescriptionCommand({ KeyId, Description: 'etcd' }))
  await client.send(new kms.TagResourceCommand({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }))
  await client.send(new kms.EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
  await client.send(new kms.DisableKeyCommand({ KeyId }))
  await client.send(new kms.EnableKeyCommand({ KeyId }))
  clock.advance(MINUTE_MS)
  assert.equal(await provider.currentKeyId(NEVER), keyId)
})

test('an Encrypt that meets a rotation first is told by Status at once', async (context) => {
  const key = await newKey()
  const { provider } = providerOf(context, key)
  const before = await provider.currentKeyId(NEVER)
  await rotate(key)
  const { keyId } = await provider.encrypt(randomBytes(32), NEVER)
  assert.notEqual(keyId, before)
  assert.equal(await provider.currentKeyId(NEVER), keyId)
})

test('key_id does not go back while some machines of a KMS have not heard of a rotation', async (context) => {
  const key = await newKey()
  const materials: string[] = []
  const between =
    (call: KmsCall): KmsCall =>
    async (operation, ...rest) => {
      const answer = await call(operation, ...rest)
      const keyMaterialId = materials.shift()
      return operation === 'Decrypt' && keyMaterialId !== undefined
        ? { ...answer, KeyMaterialId: keyMaterialId }
        : answer
    }
  const { provider, clock } = providerOf(context, key, { between })
  const [first, second] = ['11'.repeat(32), '22'.repeat(32)]
  // Each trial is an Encrypt and a Decrypt.
  const say = (material: string) => materials.push('', material)
  say(first)
  assert.equal(await provider.currentKeyId(NEVER), `${key}#${first}`)
  for (const material of [second, first, second, first]) {
    say(material)
    clock.advance(MINUTE_MS)
    assert.equal(await provider.currentKeyId(NEVER), `${key}#${second}`)
  }
  // A seed is never said to be under another material than it is: it is refused until the KMS is of one mind.
  say(first)
  await assert.rejects(provider.encrypt(randomBytes(32), NEVER), withCode('UNAVAILABLE'))
  say(second)
  assert.equal((await provider.encrypt(randomBytes(32), NEVER)).keyId, `${key}#${second}`)
  // A KMS that was restored from a backup is believed in the end.
  say(first)
  clock.advance(15 * MINUTE_MS)
  assert.equal(await provider.currentKeyId(NEVER), `${key}#${first}`)
})

test('of a key whose material has no id, as those in custom key stores, key_id is the ARN', async (context) => {
  const key = await newKey()
  const between =
    (call: KmsCall): KmsCall =>
    async (...args) => {
      const { KeyMaterialId: _, ...answer } = await call(...args)
      return answer
    }
  const { provider } = providerOf(context, key, { between })
  const seed = randomBytes(32)
  const { ciphertext, keyId } = await provider.encrypt(seed, NEVER)
  assert.deepEqual([keyId, await provider.currentKeyId(NEVER)], [key, key])
  assert.deepEqual(await provider.decrypt(ciphertext, keyId, NEVER), seed)
})

test('an alias that moves to another key changes key_id; what the first key encrypted is decrypted on', async (context) => {
  const [first, second] = [await newKey(), await newKey()]
  const AliasName = 'alias/etcd'
  await client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: first }))
  const { provider, clock } = providerOf(context, first.replace(/key\/.*$/, AliasName))
  const seed = randomBytes(32)
  const old = await provider.encrypt(seed, NEVER)
  assert.ok(old.keyId.startsWith(`${first}#`))
  await client.send(new kms.UpdateAliasCommand({ AliasName, TargetKeyId: second }))
  clock.advance(MINUTE_MS)
  assert.ok((await provider.currentKeyId(NEVER)).startsWith(`${second}#`))
  assert.deepEqual(await provider.decrypt(old.ciphertext, old.keyId, NEVER), seed)
})

test('a ciphertext of another key is not decrypted under a key_id of this one', async (context) => {
  const [own, other] = [await newKey(), await newKey()]
  const { provider } = providerOf(context, own)
  const theirs = await providerOf(context, other).provider.encrypt(randomBytes(32), NEVER)
  const { keyId } = await provider.encrypt(randomBytes(32), NEVER)
  await assert.rejects(provider.decrypt(theirs.ciphertext, keyId, NEVER), withCode('INVALID_ARGUMENT'))
  await assert.rejects(provider.decrypt(theirs.ciphertext, theirs.keyId, NEVER), withCode('INVALID_ARGUMENT'))
})

test('the encryption context binds a seed to its cluster', async (context) => {
  const key = await newKey()
  const mine = providerOf(context, key, { encryptionContext: { cluster: 'a' } }).provider
  const theirs = providerOf(context, key, { encryptionContext: { cluster: 'b' } }).provider
  const seed = randomBytes(32)
  const { ciphertext, keyId } = await mine.encrypt(seed, NEVER)
  await assert.rejects(theirs.decrypt(ciphertext, keyId, NEVER), withCode('INVALID_ARGUMENT'))
  assert.deepEqual(await mine.decrypt(ciphertext, keyId, NEVER), seed)
})

test('of a key that was disabled Status tells within a minute, and soon when it is enabled again', async (context) => {
  const KeyId = await newKey()
  const { provider, clock } = providerOf(context, KeyId)
  const { ciphertext, keyId } = await provider.encrypt(randomBytes(32), NEVER)
  await client.send(new kms.DisableKeyCommand({ KeyId }))
  clock.advance(MINUTE_MS)
  await assert.rejects(provider.currentKeyId(NEVER), withCode('FAILED_PRECONDITION'))
  await assert.rejects(provider.decrypt(ciphertext, keyId, NEVER), withCode('FAILED_PRECONDITION'))
  await client.send(new kms.EnableKeyCommand({ KeyId }))
  // After a failure an API server asks again in 10 s (3 s for its health page).
  clock.advance(3_000)
  assert.equal(await provider.currentKeyId(NEVER), keyId)
})

test('a failure is remembered for a moment: callers do not storm a KMS that is in trouble', async (context) => {
  const KeyId = await newKey()
  await client.send(new kms.DisableKeyCommand({ KeyId }))
  const { provider, clock, calls } = providerOf(context, KeyId)
  for (let count = 0; count < 5; count++) await assert.rejects(provider.currentKeyId(NEVER))
  assert.deepEqual(calls, ['Encrypt'])
  clock.advance(3_000)
  await assert.rejects(provider.currentKeyId(NEVER))
  assert.deepEqual(calls, ['Encrypt', 'Encrypt'])
})

test('an Encrypt that fails is not followed by a Status that says all is well', async (context) => {
  const KeyId = await newKey()
  const { provider } = providerOf(context, KeyId)
  await provider.currentKeyId(NEVER)
  await client.send(new kms.DisableKeyCommand({ KeyId }))
  await assert.rejects(provider.encrypt(randomBytes(32), NEVER), withCode('FAILED_PRECONDITION'))
  await assert.rejects(provider.currentKeyId(NEVER), withCode('FAILED_PRECONDITION'))
})

test('a key that encrypts and may not decrypt is not well', async (context) => {
  const key = await newKey()
  const fault = keyhold.faults.add({ operation: 'Decrypt', keyId: key, error: 'AccessDeniedException', message: 'no' })
  context.after(() => fault.remove())
  const { provider } = providerOf(context, key)
  await assert.rejects(provider.currentKeyId(NEVER), withCode('PERMISSION_DENIED'))
  await assert.rejects(provider.encrypt(randomBytes(32), NEVER), withCode('PERMISSION_DENIED'))
})

for (const [error, code] of [
  ['ThrottlingException', 'RESOURCE_EXHAUSTED'],
  ['KMSInternalException', 'UNAVAILABLE'],
  ['DependencyTimeoutException', 'UNAVAILABLE'],
  ['KMSInvalidStateException', 'FAILED_PRECONDITION'],
  ['NotFoundException', 'NOT_FOUND'],
  ['AccessDeniedException', 'PERMISSION_DENIED'],
  ['UnrecognizedClientException', 'UNAUTHENTICATED'],
  ['InvalidCiphertextException', 'INVALID_ARGUMENT'],
  ['SomethingNewException', 'UNKNOWN'],
] as const) {
  test(`${error} is ${code}, and what may pass is tried again first`, async (context) => {
    const key = await newKey()
    const { provider } = providerOf(context, key)
    const seed = randomBytes(32)
    const { ciphertext, keyId } = await provider.encrypt(seed, NEVER)
    const fault = keyhold.faults.add({ operation: 'Decrypt', keyId: key, error, message: 'on purpose' })
    context.after(() => fault.remove())
    await assert.rejects(provider.decrypt(ciphertext, keyId, NEVER), withCode(code))
    fault.remove()
    const once = keyhold.faults.add({ operation: 'Decrypt', keyId: key, error, message: 'on purpose', times: 1 })
    const second = provider.decrypt(ciphertext, keyId, NEVER)
    if (['RESOURCE_EXHAUSTED', 'UNAVAILABLE'].includes(code)) assert.deepEqual(await second, seed)
    else await assert.rejects(second)
    once.remove()
  })
}

test('a KMS that gives back something else than it was given does not get to keep seeds', async (context) => {
  const between =
    (call: KmsCall): KmsCall =>
    async (operation, ...rest) => {
      const answer = await call(operation, ...rest)
      return operation === 'Decrypt' ? { ...answer, Plaintext: Buffer.from('else').toString('base64') } : answer
    }
  const { provider } = providerOf(context, await newKey(), { between })
  await assert.rejects(provider.encrypt(randomBytes(32), NEVER), withCode('INTERNAL'))
  await assert.rejects(provider.currentKeyId(NEVER), withCode('INTERNAL'))
})

test('an answer for a key that Decrypt would not be asked for later is refused before anything is encrypted under it', async (context) => {
  const key = await newKey()
  for (const KeyId of [key.split('/')[1], key.replace('eu-west-1', 'us-east-1'), await newKey()]) {
    const between =
      (call: KmsCall): KmsCall =>
      async (...args) => ({ ...(await call(...args)), KeyId })
    const { provider } = providerOf(context, key, { between })
    await assert.rejects(provider.encrypt(randomBytes(32), NEVER), withCode('INTERNAL'))
  }
})

test('whoever waits for a Status no longer than he likes does not end it for others', async (context) => {
  const { promise: release, resolve: goOn } = Promise.withResolvers<void>()
  const between =
    (call: KmsCall): KmsCall =>
    async (...args) => {
      await release
      return call(...args)
    }
  const key = await newKey()
  const { provider } = providerOf(context, key, { between })
  const impatient = new AbortController()
  const left = provider.currentKeyId(impatient.signal)
  const patient = provider.currentKeyId(NEVER)
  impatient.abort(new Error('too long'))
  await assert.rejects(left, /too long/)
  goOn()
  assert.ok((await patient).startsWith(key))
})
