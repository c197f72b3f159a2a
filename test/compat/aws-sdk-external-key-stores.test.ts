/** The AWS SDK for JavaScript, unmodified, with keys in an external key store whose proxy checks all that it is sent. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import * as kms from '@aws-sdk/client-kms'
import { ACCOUNT, REGION } from '../support/harness.ts'
import { ACCESS_KEY_ID, SECRET_ACCESS_KEY, startTestServer, type TestServer } from '../support/test-server.ts'
import {
  errorAnswer,
  PROXY_CREDENTIAL,
  PROXY_ENDPOINT,
  PROXY_PATH,
  placeOf,
  startXksProxy,
  storeOf,
  type XksProxy,
} from '../support/xks-proxy.ts'

const SPARE_HOST = 'spare.example.com'

let proxy: XksProxy
let spareProxy: XksProxy
let server: TestServer
let client: kms.KMS
let storeId: string

before(async () => {
  proxy = await startXksProxy()
  spareProxy = await startXksProxy({ host: SPARE_HOST })
  server = await startTestServer({
    externalKeyStores: {
      endpoints: { [PROXY_ENDPOINT]: placeOf(proxy), [`https://${SPARE_HOST}`]: placeOf(spareProxy) },
      services: {},
    },
  })
  const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY }
  client = new kms.KMS({ endpoint: server.endpoint, region: REGION, credentials, maxAttempts: 1 })
  const { CustomKeyStoreId } = await client.createCustomKeyStore(storeOf('orders'))
  storeId = CustomKeyStoreId!
})

after(async () => {
  client?.destroy()
  await server?.stop()
  await proxy?.close()
  await spareProxy?.close()
})

async function settled(id = storeId): Promise<kms.CustomKeyStoresListEntry> {
  for (;;) {
    const { CustomKeyStores } = await client.describeCustomKeyStores({ CustomKeyStoreId: id })
    const [entry] = CustomKeyStores!
    if (!entry!.ConnectionState!.endsWith('ING')) return entry!
    await pause(10)
  }
}

async function connect(id = storeId): Promise<void> {
  await client.connectCustomKeyStore({ CustomKeyStoreId: id })
  assert.equal((await settled(id)).ConnectionState, 'CONNECTED')
}

async function newKey(externalId: string, facts: object = {}): Promise<string> {
  if (!proxy.keys.has(externalId)) proxy.addKey(externalId)
  const where = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: storeId, XksKeyId: externalId } as const
  const { KeyMetadata } = await client.createKey({ ...where, ...facts })
  return KeyMetadata!.KeyId!
}

const named = (name: string) => (error: unknown) => {
  assert.equal((error as Error).name, name, String(error))
  return true
}

test('a new store is described as it was made, without its secret, and its proxy was asked', async () => {
  const { CustomKeyStores } = await client.describeCustomKeyStores({ CustomKeyStoreName: 'orders' })
  const { CreationDate, ...entry } = CustomKeyStores![0]!
  assert.deepEqual(entry, {
    CustomKeyStoreId: storeId,
    CustomKeyStoreName: 'orders',
    CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
    ConnectionState: 'DISCONNECTED',
    XksProxyConfiguration: {
      Connectivity: 'PUBLIC_ENDPOINT',
      AccessKeyId: PROXY_CREDENTIAL.AccessKeyId,
      UriEndpoint: PROXY_ENDPOINT,
      UriPath: PROXY_PATH,
    },
  })
  assert.ok(CreationDate instanceof Date)
  assert.equal(proxy.calls.at(-1)!.body.requestMetadata.kmsOperation, 'CreateCustomKeyStore')
  await assert.rejects(newKey('too-early'), named('CustomKeyStoreInvalidStateException'))
})

test('a key in a connected store: its metadata, and every operation on data', async () => {
  await connect()
  const KeyId = await newKey('orders-2026', { Description: 'orders' })
  const { KeyMetadata } = await client.describeKey({ KeyId })
  assert.equal(KeyMetadata!.Origin, 'EXTERNAL_KEY_STORE')
  assert.equal(KeyMetadata!.KeyState, 'Enabled')
  assert.equal(KeyMetadata!.CustomKeyStoreId, storeId)
  assert.deepEqual(KeyMetadata!.XksKeyConfiguration, { Id: 'orders-2026' })
  const creation = server.auditLines
    .map((line) => JSON.parse(line))
    .findLast(({ eventName, errorCode }) => eventName === 'CreateKey' && errorCode === undefined)
  const { customKeyStoreId, xksKeyConfiguration } = creation.responseElements.keyMetadata
  assert.deepEqual(
    { customKeyStoreId, xksKeyConfiguration },
    { customKeyStoreId: storeId, xksKeyConfiguration: { id: 'orders-2026' } },
  )

  const Plaintext = Buffer.from('twice sealed')
  const EncryptionContext = { tenant: 'blue' }
  const { CiphertextBlob } = await client.encrypt({ KeyId, Plaintext, EncryptionContext })
  const blob = Buffer.from(CiphertextBlob!)
  assert.equal(blob.toString('hex', 0, 6), '4b4d53011000')
  assert.equal(blob.length, 42 + 12 + 1 + (116 + Plaintext.length) + 16)
  const opened = await client.decrypt({ CiphertextBlob, EncryptionContext })
  assert.deepEqual(Buffer.from(opened.Plaintext!), Plaintext)
  assert.equal(opened.KeyId, KeyMetadata!.Arn)

  const generated = await client.generateDataKey({ KeyId, KeySpec: 'AES_256', EncryptionContext })
  const dataKey = await client.decrypt({ CiphertextBlob: generated.CiphertextBlob, EncryptionContext, KeyId })
  assert.deepEqual(dataKey.Plaintext, generated.Plaintext)
  const hidden = await client.generateDataKeyWithoutPlaintext({ KeyId, NumberOfBytes: 16 })
  assert.equal((await client.decrypt({ CiphertextBlob: hidden.CiphertextBlob })).Plaintext!.length, 16)
  const longest = Buffer.alloc(4096, 7)
  const large = await client.encrypt({ KeyId, Plaintext: longest })
  assert.deepEqual(Buffer.from((await client.decrypt({ CiphertextBlob: large.CiphertextBlob })).Plaintext!), longest)
})

test('the proxy hears who calls for what, and no plaintext, no data key and no encryption context', async () => {
  const KeyId = await newKey('listener')
  const { KeyMetadata } = await client.describeKey({ KeyId })
  const before = proxy.calls.length
  const { Plaintext, CiphertextBlob, $metadata } = await client.generateDataKey({
    KeyId,
    KeySpec: 'AES_256',
    EncryptionContext: { 'secret-project': 'x-17' },
  })
  await client.decrypt({ CiphertextBlob, EncryptionContext: { 'secret-project': 'x-17' } })
  const [wrapped, unwrapped] = proxy.calls.slice(before)
  assert.deepEqual(wrapped!.body.requestMetadata, {
    awsPrincipalArn: `arn:aws:iam::${ACCOUNT}:user/alice`,
    kmsKeyArn: KeyMetadata!.Arn,
    kmsOperation: 'GenerateDataKey',
    kmsRequestId: $metadata.requestId,
  })
  assert.equal(unwrapped!.body.requestMetadata.kmsOperation, 'Decrypt')
  const heard = JSON.stringify(proxy.calls.slice(before).map(({ body }) => body))
  const seen = Buffer.concat([wrapped!, unwrapped!].flatMap(({ body }) => base64sIn(body)))
  assert.ok(!heard.includes('x-17') && !seen.includes('x-17'))
  assert.ok(!seen.includes(Buffer.from(Plaintext!)))
  assert.equal(Buffer.from(wrapped!.body.plaintext, 'base64').toString('hex', 0, 6), '4b4d53011100', 'an inner blob')
})

function base64sIn(body: Record<string, unknown>): Buffer[] {
  return Object.values(body).flatMap((value) => (typeof value === 'string' ? [Buffer.from(value, 'base64')] : []))
}

test('re-encryption to, from and between external keys; one call of the proxy for each side', async () => {
  const [left, right] = [await newKey('left'), await newKey('right')]
  const { KeyMetadata } = await client.createKey({})
  const local = KeyMetadata!.KeyId!
  const Plaintext = Buffer.from('moving')
  let { CiphertextBlob } = await client.encrypt({ KeyId: local, Plaintext })
  const before = proxy.calls.length
  for (const DestinationKeyId of [left, right, local]) {
    ;({ CiphertextBlob } = await client.reEncrypt({ CiphertextBlob, DestinationKeyId }))
  }
  assert.deepEqual(Buffer.from((await client.decrypt({ CiphertextBlob, KeyId: local })).Plaintext!), Plaintext)
  const calls = proxy.calls.slice(before)
  assert.deepEqual(
    calls.map(({ path }) => path),
    ['/keys/left/encrypt', '/keys/left/decrypt', '/keys/right/encrypt', '/keys/right/decrypt'],
  )
  assert.ok(calls.every(({ body }) => body.requestMetadata.kmsOperation === 'ReEncrypt'))
})

test('neither side opens a ciphertext alone, nor under another key on the same external key', async () => {
  proxy.addKey('shared')
  const KeyId = await newKey('shared')
  const other = await newKey('other')
  const { CiphertextBlob } = await client.encrypt({ KeyId, Plaintext: Buffer.from('x') })
  await assert.rejects(client.decrypt({ CiphertextBlob, KeyId: other }), named('IncorrectKeyException'))
  // The manager has lost the version that sealed it.
  const kept = proxy.keys.get('shared')!.versions
  const lost = kept.splice(0, 1)
  await assert.rejects(client.decrypt({ CiphertextBlob }), named('KMSInvalidStateException'))
  kept.push(...lost)
  assert.equal((await client.decrypt({ CiphertextBlob })).Plaintext!.length, 1)
})

test('the manager may rotate behind one id', async () => {
  const KeyId = await newKey('rotating')
  const { CiphertextBlob } = await client.encrypt({ KeyId, Plaintext: Buffer.from('old') })
  proxy.keys.get('rotating')!.versions.push(Buffer.alloc(32, 9))
  const renewed = await client.encrypt({ KeyId, Plaintext: Buffer.from('new') })
  for (const [blob, expected] of [
    [CiphertextBlob, 'old'],
    [renewed.CiphertextBlob, 'new'],
  ] as const) {
    assert.equal(Buffer.from((await client.decrypt({ CiphertextBlob: blob })).Plaintext!).toString(), expected)
  }
})

test('managers with IVs of 16 bytes and without metadata', async () => {
  proxy.addKey('plain', { ivBytes: 16, hasMetadata: false })
  const KeyId = await newKey('plain')
  const { CiphertextBlob } = await client.encrypt({ KeyId, Plaintext: Buffer.from('x') })
  assert.equal(CiphertextBlob!.length, 42 + 16 + 117 + 16)
  assert.equal((await client.decrypt({ CiphertextBlob })).Plaintext!.length, 1)
})

test('what keys in external key stores cannot do', async () => {
  const KeyId = await newKey('limits')
  const unsupported = named('UnsupportedOperationException')
  await assert.rejects(client.generateDataKeyPair({ KeyId, KeyPairSpec: 'ECC_NIST_P256' }), unsupported)
  await assert.rejects(client.enableKeyRotation({ KeyId }), unsupported)
  await assert.rejects(client.rotateKeyOnDemand({ KeyId }), unsupported)
  await assert.rejects(client.replicateKey({ KeyId, ReplicaRegion: 'eu-west-1' }), unsupported)
  const wish = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' } as const
  await assert.rejects(client.getParametersForImport({ KeyId, ...wish }), unsupported)
  await assert.rejects(client.generateRandom({ NumberOfBytes: 8, CustomKeyStoreId: storeId }), unsupported)
  assert.equal((await client.getKeyRotationStatus({ KeyId })).KeyRotationEnabled, false)
})

test('policies and grants on kms:KeyOrigin', async () => {
  const Principal = { AWS: `arn:aws:iam::${ACCOUNT}:root` }
  const statement = (origin: string) => ({
    Effect: 'Deny',
    Principal,
    Action: 'kms:Encrypt',
    Resource: '*',
    Condition: { StringEquals: { 'kms:KeyOrigin': origin } },
  })
  const all = { Effect: 'Allow', Principal, Action: 'kms:*', Resource: '*' }
  const policyWith = (origin: string) => JSON.stringify({ Version: '2012-10-17', Statement: [all, statement(origin)] })
  const KeyId = await newKey('guarded', { Policy: policyWith('AWS_KMS') })
  const Plaintext = Buffer.from('x')
  await client.encrypt({ KeyId, Plaintext })
  await client.putKeyPolicy({ KeyId, Policy: policyWith('EXTERNAL_KEY_STORE') })
  await assert.rejects(client.encrypt({ KeyId, Plaintext }), named('AccessDeniedException'))
  await client.generateDataKey({ KeyId, KeySpec: 'AES_128' })
  const grant = { KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:user/alice`, Operations: ['Decrypt' as const] }
  const { GrantId } = await client.createGrant(grant)
  const { Grants } = await client.listGrants({ KeyId })
  assert.deepEqual(
    Grants!.map((one) => one.GrantId),
    [GrantId],
  )
})

test('disconnected: keys are Unavailable and calls fail; what is changed meanwhile counts afterwards', async () => {
  const KeyId = await newKey('resting')
  const { CiphertextBlob } = await client.encrypt({ KeyId, Plaintext: Buffer.from('x') })
  await client.disconnectCustomKeyStore({ CustomKeyStoreId: storeId })
  assert.equal((await settled()).ConnectionState, 'DISCONNECTED')
  const before = proxy.calls.length
  assert.equal((await client.describeKey({ KeyId })).KeyMetadata!.KeyState, 'Unavailable')
  await assert.rejects(client.decrypt({ CiphertextBlob }), named('KMSInvalidStateException'))
  await assert.rejects(newKey('nowhere'), named('CustomKeyStoreInvalidStateException'))
  await client.disableKey({ KeyId })
  assert.equal(proxy.calls.length, before)
  await connect()
  assert.equal((await client.describeKey({ KeyId })).KeyMetadata!.KeyState, 'Disabled')
  await client.enableKey({ KeyId })
  assert.equal((await client.decrypt({ CiphertextBlob })).Plaintext!.length, 1)
})

test('a new credential while connected: tried before it is kept, in force at once', async () => {
  const KeyId = await newKey('renewal')
  const Plaintext = Buffer.from('x')
  const renewed = {
    AccessKeyId: 'XKSRENEWEDKEY2345677',
    RawSecretAccessKey: 'another-secret'.replace('-', '').padEnd(43, '7'),
  }
  const XksProxyAuthenticationCredential = renewed
  await assert.rejects(
    client.updateCustomKeyStore({ CustomKeyStoreId: storeId, XksProxyAuthenticationCredential }),
    named('XksProxyIncorrectAuthenticationCredentialException'),
  )
  await client.encrypt({ KeyId, Plaintext })

  proxy.credentials.set(renewed.AccessKeyId, renewed.RawSecretAccessKey)
  await client.updateCustomKeyStore({ CustomKeyStoreId: storeId, XksProxyAuthenticationCredential })
  assert.equal(proxy.calls.at(-1)!.body.requestMetadata.kmsOperation, 'UpdateCustomKeyStore')
  proxy.credentials.delete(PROXY_CREDENTIAL.AccessKeyId)
  await client.encrypt({ KeyId, Plaintext })
  assert.equal((await settled()).XksProxyConfiguration!.AccessKeyId, renewed.AccessKeyId)

  proxy.credentials.delete(renewed.AccessKeyId)
  await assert.rejects(client.encrypt({ KeyId, Plaintext }), (error: Error) => {
    named('KMSInvalidStateException')(error)
    assert.match(error.message, /did not accept the proxy authentication credential/)
    return true
  })
  assert.equal((await settled()).ConnectionState, 'CONNECTED', 'CS-10')
  proxy.credentials.set(renewed.AccessKeyId, renewed.RawSecretAccessKey)
})

test('what the proxy says of an error is told to nobody', async () => {
  const KeyId = await newKey('discreet')
  proxy.fault = () => errorAnswer('InternalException', 'host db-7 is down')
  try {
    await assert.rejects(client.encrypt({ KeyId, Plaintext: Buffer.from('x') }), (error: Error) => {
      named('KMSInvalidStateException')(error)
      assert.ok(!error.message.includes('db-7'))
      return true
    })
  } finally {
    proxy.fault = undefined
  }
})

test('a store with keys is not deleted, one that is connected neither; an empty one is, and the proxy hears nothing', async () => {
  const remove = () => client.deleteCustomKeyStore({ CustomKeyStoreId: storeId })
  await assert.rejects(remove(), named('CustomKeyStoreHasCMKsException'))
  const before = spareProxy.calls.length
  const spare = storeOf('spare', { XksProxyUriEndpoint: `https://${SPARE_HOST}` })
  const { CustomKeyStoreId } = await client.createCustomKeyStore(spare)
  await connect(CustomKeyStoreId)
  const removeSpare = () => client.deleteCustomKeyStore({ CustomKeyStoreId })
  await assert.rejects(removeSpare(), named('CustomKeyStoreInvalidStateException'))
  await client.disconnectCustomKeyStore({ CustomKeyStoreId })
  await settled(CustomKeyStoreId)
  await removeSpare()
  const describe = () => client.describeCustomKeyStores({ CustomKeyStoreId })
  await assert.rejects(describe(), named('CustomKeyStoreNotFoundException'))
  assert.deepEqual(
    spareProxy.calls.slice(before).map(({ body }) => body.requestMetadata.kmsOperation),
    ['CreateCustomKeyStore', 'ConnectCustomKeyStore'],
  )
  await client.updateCustomKeyStore({ CustomKeyStoreId: storeId, NewCustomKeyStoreName: 'renamed' })
  assert.equal((await settled()).CustomKeyStoreName, 'renamed')
})
