/**
 * Faults on purpose (docs/faults.md), met by the AWS SDK: it retries what AWS calls transient or throttling (500, 503, a connection
 * that ends, ThrottlingException), up to three attempts, and nothing else.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateRandomCommand,
  KMSClient,
  ListKeysCommand,
} from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { type Fault, type Keyhold, startKeyhold } from '../../src/index.ts'

interface Scene {
  readonly keyhold: Keyhold
  readonly kms: KMSClient
  readonly keyId: string
}

async function inScene(run: (scene: Scene) => Promise<void>): Promise<void> {
  const keyhold = await startKeyhold()
  const kms = new KMSClient(keyhold)
  try {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    await run({ keyhold, kms, keyId: KeyMetadata!.KeyId! })
  } finally {
    kms.destroy()
    await keyhold.stop()
  }
}

const random = new GenerateRandomCommand({ NumberOfBytes: 1 })

test('the SDK gets over two throttled calls, and gives up at a third', () =>
  inScene(async ({ keyhold, kms }) => {
    const fault = keyhold.faults.add({ operation: 'GenerateRandom', error: 'ThrottlingException', times: 2 })
    const { $metadata } = await kms.send(random)
    assert.equal($metadata.attempts, 3)
    assert.equal(fault.hits, 2)
    assert.equal((await kms.send(random)).$metadata.attempts, 1, 'over after two')

    keyhold.faults.add({ operation: 'GenerateRandom', error: 'ThrottlingException', message: 'Rate exceeded' })
    await assert.rejects(kms.send(random), (error: Error & { $metadata: object }) => {
      assert.equal(error.name, 'ThrottlingException')
      assert.equal(error.message, 'Rate exceeded')
      assert.partialDeepStrictEqual(error.$metadata, { httpStatusCode: 400, attempts: 3 })
      return true
    })
  }))

test("exceptions have AWS's status, or the one that is asked for", () =>
  inScene(async ({ keyhold, kms, keyId }) => {
    const describe = new DescribeKeyCommand({ KeyId: keyId })
    const cases: readonly (readonly [Fault, number, number])[] = [
      [{ error: 'KMSInternalException' }, 500, 3],
      [{ error: 'DependencyTimeoutException' }, 500, 3],
      [{ error: 'ServiceUnavailableException', status: 503 }, 503, 3],
      [{ error: 'DisabledException' }, 400, 1],
    ]
    for (const [fault, httpStatusCode, attempts] of cases) {
      keyhold.faults.add(fault)
      await assert.rejects(kms.send(describe), (error: Error & { $metadata: object }) => {
        assert.equal(error.name, fault.error)
        assert.partialDeepStrictEqual(error.$metadata, { httpStatusCode, attempts })
        return true
      })
      keyhold.faults.clear()
    }
    await kms.send(describe)
  }))

test('a request that is dropped did nothing; one whose answer is dropped did all', () =>
  inScene(async ({ keyhold, kms }) => {
    const countKeys = async () => (await kms.send(new ListKeysCommand({}))).Keys!.length
    const before = await countKeys()
    keyhold.faults.add({ operation: 'CreateKey', drop: 'request', times: 1 })
    assert.equal((await kms.send(new CreateKeyCommand({}))).$metadata.attempts, 2)
    assert.equal(await countKeys(), before + 1)

    keyhold.faults.add({ operation: 'CreateKey', drop: 'answer', times: 1 })
    assert.equal((await kms.send(new CreateKeyCommand({}))).$metadata.attempts, 2)
    assert.equal(await countKeys(), before + 3, 'CreateKey is not idempotent: the retry made a second key')

    const missing = new DescribeKeyCommand({ KeyId: 'alias/missing' })
    keyhold.faults.add({ drop: 'answer', times: 1 })
    await assert.rejects(kms.send(missing), { name: 'NotFoundException' }, 'that it failed is not told either')
  }))

test('a Region that is down leaves the others alone', () =>
  inScene(async ({ keyhold, kms }) => {
    const elsewhere = new KMSClient({ ...keyhold, region: 'eu-west-1', maxAttempts: 1 })
    const fault = keyhold.faults.add({ region: 'eu-west-1', drop: 'request' })
    await assert.rejects(elsewhere.send(random), /socket hang up|ECONNRESET/)
    await kms.send(random)
    assert.equal(fault.hits, 1)
    fault.remove()
    await elsewhere.send(random)
    elsewhere.destroy()
  }))

test('a call that is slow runs into the time limit of its client, and does not hold up the end', () =>
  inScene(async ({ keyhold, kms }) => {
    const requestHandler = new NodeHttpHandler({ requestTimeout: 50, throwOnRequestTimeout: true })
    const impatient = new KMSClient({ ...keyhold, requestHandler, maxAttempts: 1 })
    keyhold.faults.add({ operation: 'GenerateRandom', delayMs: 600_000 })
    await assert.rejects(impatient.send(random), { name: 'TimeoutError' })
    const patient = kms.send(random)
    await kms.send(new ListKeysCommand({}))
    keyhold.faults.clear()
    assert.equal((await patient).$metadata.attempts, 1, 'late, and answered')
    keyhold.faults.add({ delayMs: 600_000 })
    await assert.rejects(impatient.send(random), { name: 'TimeoutError' })
    impatient.destroy()
  }))

test('a key is meant by the name that calls use, or its ARN', () =>
  inScene(async ({ keyhold, kms, keyId }) => {
    const AliasName = 'alias/app'
    await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: keyId }))
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyId }))
    const arn = KeyMetadata!.Arn!
    const encrypt = (KeyId: string) => kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') }))
    const refused = { name: 'KMSInvalidStateException' }
    for (const named of [keyId, arn]) {
      keyhold.faults.add({ keyId: named, error: 'KMSInvalidStateException' })
      await assert.rejects(encrypt(keyId), refused)
      await assert.rejects(encrypt(arn), refused)
      await encrypt(AliasName)
      keyhold.faults.clear()
    }
    keyhold.faults.add({ keyId: AliasName, error: 'KMSInvalidStateException' })
    await assert.rejects(encrypt(AliasName), refused)
    await assert.rejects(encrypt(arn.replace(`key/${keyId}`, AliasName)), refused)
    await encrypt(keyId)
  }))

test('skip, every and times choose the calls; the first fault that fits takes a call', () =>
  inScene(async ({ keyhold, kms }) => {
    const once = new KMSClient({ ...keyhold, maxAttempts: 1 })
    const outcomes = async (calls: number) => {
      let text = ''
      for (let call = 0; call < calls; call++) {
        text += await once.send(random).then(
          () => '.',
          (error: Error) => (error.name === 'ThrottlingException' ? 'T' : 'I'),
        )
      }
      return text
    }
    keyhold.faults.add({ error: 'ThrottlingException', skip: 2, every: 3, times: 2 })
    assert.equal(await outcomes(12), '....T..T....')
    keyhold.faults.clear()
    const first = keyhold.faults.add({ error: 'ThrottlingException', times: 1 })
    const second = keyhold.faults.add({ error: 'InternalFailure' })
    assert.equal(await outcomes(3), 'TII')
    assert.deepEqual([first.hits, second.hits], [1, 2])
    once.destroy()
    await assert.rejects(kms.send(random))
  }))

test('STS and IAM fail in their own form', () =>
  inScene(async ({ keyhold }) => {
    const sts = new STSClient({ ...keyhold, maxAttempts: 1 })
    keyhold.faults.add({ operation: 'GetCallerIdentity', error: 'Throttling', message: 'Rate exceeded', times: 1 })
    await assert.rejects(sts.send(new GetCallerIdentityCommand({})), { name: 'Throttling', message: 'Rate exceeded' })
    keyhold.faults.add({ operation: 'GetCallerIdentity', drop: 'request', times: 1 })
    await assert.rejects(sts.send(new GetCallerIdentityCommand({})), /socket hang up|ECONNRESET/)
    await sts.send(new GetCallerIdentityCommand({}))
    sts.destroy()
  }))

test('what means nothing is refused, and says why', () =>
  inScene(async ({ keyhold, kms }) => {
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [undefined, /faults\.add: expected an object/],
      [[], /expected an object/],
      [{ operation: 'Decrpyt', error: 'ThrottlingException' }, /there is no Decrpyt/],
      [{ operatoin: 'Decrypt' }, /there is no 'operatoin'; there are operation, region/],
      [{ operation: 'Decrypt' }, /one of error, drop and delayMs/],
      [{ error: 'ThrottlingException', drop: 'answer' }, /exclude each other/],
      [{ drop: 'connection' }, /drop: expected 'request' or 'answer'/],
      [{ error: 'throttled' }, /error: expected a name/],
      [{ error: 'ThrottlingException', status: 200 }, /status: expected a whole number from 400 to 599/],
      [{ drop: 'answer', status: 503 }, /message and status need an error/],
      [{ delayMs: -1 }, /delayMs: expected/],
      [{ delayMs: 600_001 }, /delayMs: expected/],
      [{ delayMs: 1, times: 0 }, /times: expected/],
      [{ delayMs: 1, every: 1.5 }, /every: expected/],
    ]
    for (const [fault, message] of cases) assert.throws(() => keyhold.faults.add(fault as Fault), message)
    assert.equal((await kms.send(random)).$metadata.attempts, 1, 'and nothing of it is in force')
  }))
