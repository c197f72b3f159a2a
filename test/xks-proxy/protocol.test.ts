/** keystores.md 3, 6.2, 6.3 and 7.4: what a caller of the proxy meets beyond AWS's test client. */
import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { operationsOf } from '../../src/operations/index.ts'
import { ACCOUNT, REGION, userOf } from '../support/harness.ts'
import {
  type Answered,
  base64,
  externalKey,
  keyIdOf,
  materialOf,
  onlyFor,
  requestMetadata,
  type SentCall,
  type SigningWishes,
  send,
  sendSigned,
  startXksServer,
  TENANT_A,
  TENANT_B,
  type XksServer,
} from '../support/xks-server.ts'

const PATH = '/tenant-a/kms/xks/v1'
const MINUTE_MS = 60_000

const PRINCIPAL = 'arn:aws:iam::123456789012:user/Alice'
const KMS_KEY = 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'

let xks: XksServer

before(async () => {
  xks = await startXksServer({
    keys: [
      externalKey('foo', 1),
      externalKey('other', 2),
      externalKey('disabled', 3),
      externalKey('going', 4),
      externalKey('no-such-key', 5),
      externalKey('for-alice', 6, onlyFor({ principals: ['arn:aws:iam::*:user/Alice'] })),
      externalKey('for-bob', 6, onlyFor({ principals: ['arn:aws:iam::*:user/Bob'] })),
      externalKey('for-key', 6, onlyFor({ kmsKeys: [KMS_KEY] })),
      externalKey('via-ebs', 6, onlyFor({ viaServices: ['ebs'] })),
      externalKey('decrypts', 6, onlyFor({ operations: ['Decrypt'] })),
    ],
  })
})

after(() => xks?.stop())

const base = () => `http://127.0.0.1:${xks.port}`
const post = (call: SentCall, wishes: SigningWishes = {}) => sendSigned(base(), call, wishes)
const on = (key: string, operation: string, body: object) => post({ path: `${PATH}/keys/${key}/${operation}`, body })

function isError(answer: Answered, status: number, errorName: string): void {
  assert.equal(answer.json.errorName, errorName, answer.text)
  assert.equal(answer.status, status)
  const { errorMessage = '' } = answer.json
  assert.match(errorMessage, /^[\x20-\x7e]{0,511}$/)
}

const encryption = (more: object = {}) => ({
  requestMetadata: requestMetadata('Encrypt'),
  plaintext: base64('hello'),
  encryptionAlgorithm: 'AES_GCM',
  ...more,
})
const decryption = (sealed: object, more: object = {}) => ({
  requestMetadata: requestMetadata('Decrypt'),
  encryptionAlgorithm: 'AES_GCM',
  ...sealed,
  ...more,
})
const HEALTH = {
  path: `${PATH}/health`,
  body: { requestMetadata: { kmsRequestId: 'r', kmsOperation: 'KmsHealthCheck' } },
}
const REFUSED = [401, 'AuthenticationFailedException'] as const

async function encrypted(key: string, more: object = {}) {
  const answer = await on(key, 'encrypt', encryption(more))
  assert.equal(answer.status, 200, answer.text)
  return answer.json as Record<string, string>
}

test('clocks that differ by less than five minutes are in order, either way; by more they are not', async () => {
  for (const sign of [1, -1]) {
    const at = (minutes: number) => post(HEALTH, { time: Date.now() + sign * minutes * MINUTE_MS })
    assert.equal((await at(4)).status, 200)
    isError(await at(6), ...REFUSED)
  }
})

test('what was signed is what counts: body, path, date and headers', async () => {
  const meddlings: SigningWishes['after'][] = [
    (raw) => {
      raw.body = raw.body.replace('KmsHealthCheck', 'KmsHealthcheck')
    },
    (raw) => {
      raw.path = raw.path.replace('tenant-a', 'tenant-b')
    },
    (raw) => {
      raw.headers['x-amz-date'] = raw.headers['x-amz-date']!.replace(/\d\dZ$/, (seconds) =>
        seconds === '00Z' ? '01Z' : '00Z',
      )
    },
    (raw) => {
      raw.headers['content-type'] = 'application/x-amz-json-1.1'
    },
    (raw) => {
      raw.headers.host = 'elsewhere.example.com'
    },
    (raw) => {
      delete raw.headers['x-amz-date']
    },
    (raw) => {
      delete raw.headers.authorization
    },
    (raw) => {
      raw.headers.authorization = raw.headers.authorization!.replace(/Signature=../, 'Signature=zz')
    },
    (raw) => {
      raw.headers.authorization = raw.headers.authorization!.replace('kms-xks-proxy', 'kms')
    },
    (raw) => {
      raw.headers.authorization = raw.headers.authorization!.replace(/\/\d{8}\//, '/20200101/')
    },
    // A header that is signed and was not sent.
    (raw) => {
      raw.headers.authorization = raw.headers.authorization!.replace('host;', 'host;x-amz-content-sha256;')
    },
  ]
  const [plain, ...others] = await Promise.all([
    post(HEALTH),
    ...meddlings.map((after) => post(HEALTH, { after: after! })),
  ])
  assert.equal(plain!.status, 200)
  for (const [index, answer] of others.entries()) {
    assert.equal(answer.status, 401, `meddling ${index}: ${answer.text}`)
    assert.equal(answer.text, others[0]!.text, 'the same whatever is wrong')
  }
})

/** Signed by hand over the headers that a test wishes: the library always signs host. */
function signedOver(names: readonly string[], given: Record<string, string>): Record<string, string> {
  const date = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const headers: Record<string, string> = { host: new URL(base()).host, 'x-amz-date': date, ...given }
  const body = JSON.stringify(HEALTH.body)
  const hex = (text: string) => createHash('sha256').update(text).digest('hex')
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('')
  const canonical = ['POST', HEALTH.path, '', lines, names.join(';'), hex(body)].join('\n')
  const scope = `${date.slice(0, 8)}/eu-west-1/kms-xks-proxy/aws4_request`
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const key = scope.split('/').reduce<Buffer>(hmac, Buffer.from(`AWS4${TENANT_A.secretAccessKey}`))
  const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope, hex(canonical)].join('\n')).toString('hex')
  const credential = `${TENANT_A.accessKeyId}/${scope}`
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...headers, authorization }
}

test('host and x-amz-date have to be signed; whatever else is, is honoured, and headers of gateways need not be', async () => {
  const raw = (headers: Record<string, string>) =>
    send(new URL(base()), { method: 'POST', path: HEALTH.path, headers, body: JSON.stringify(HEALTH.body) })
  assert.equal((await raw(signedOver(['host', 'x-amz-date'], {}))).status, 200)
  const traced = { 'x-custom': 'a  b ', 'x-amz-cf-id': 'of a gateway' }
  assert.equal((await raw({ ...signedOver(['host', 'x-amz-date'], {}), ...traced })).status, 200)
  const trimmed = signedOver(['host', 'x-amz-date', 'x-custom'], { 'x-custom': 'a b' })
  assert.equal((await raw({ ...trimmed, 'x-custom': '  a   b' })).status, 200)
  isError(await raw(signedOver(['x-amz-date'], {})), ...REFUSED)
  isError(await raw(signedOver(['host'], {})), ...REFUSED)
})

test('a credential of one tenant is nobody to another', async () => {
  const health = { ...HEALTH, path: '/tenant-b/kms/xks/v1/health' }
  assert.equal((await post({ ...health, credential: TENANT_B })).status, 200)
  isError(await post({ ...HEALTH, credential: TENANT_B }), ...REFUSED)
  isError(await post({ ...health, credential: TENANT_A }), ...REFUSED)
  const metadata = { requestMetadata: requestMetadata('CreateKey') }
  isError(
    await post({ path: '/tenant-b/kms/xks/v1/keys/foo/metadata', body: metadata, credential: TENANT_B }),
    ...([404, 'KeyNotFoundException'] as const),
  )
})

test('paths have one spelling', async () => {
  const paths = [
    `${PATH}/keys/%66oo/metadata`,
    `${PATH}/keys/foo%2e/metadata`,
    `${PATH}/keys/../metadata`,
    `${PATH}/keys/./metadata`,
    `/tenant-a//kms/xks/v1/health`,
    `/tenant-a/../tenant-a/kms/xks/v1/health`,
    `${PATH}/health/`,
    `${PATH}/health?`,
    `${PATH}/keys/foo/metadata?a=b`,
    `${PATH}/keys/${'k'.repeat(129)}/metadata`,
    `${PATH}/keys/${'k'.repeat(300)}/metadata`,
    '/tenant-a/kms/xks/v2/health',
    '/kms/xks/v1/health',
    '/',
    '*',
  ]
  for (const path of paths) {
    const answer = await post(HEALTH, {
      after(raw) {
        raw.path = path
      },
    })
    isError(answer, 404, 'InvalidUriPathException')
  }
})

test('every other method on a path of the API is 405, before authentication', async () => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await send(new URL(base()), { method, path: HEALTH.path, headers: {}, body: '' })
    assert.equal(answer.status, 405, method)
  }
})

test('load balancers may ask without a signature', async () => {
  const answer = await send(new URL(base()), { method: 'GET', path: '/ping', headers: {}, body: '' })
  assert.deepEqual([answer.status, answer.json], [200, { status: 'serving' }])
})

test('the KMS API is not there, and the proxy is not where the KMS API is', async () => {
  const target = { 'x-amz-target': 'TrentService.ListKeys', 'content-type': 'application/x-amz-json-1.1' }
  const request = { method: 'POST', path: '/', headers: target, body: '{}' }
  isError(await send(new URL(base()), request), 404, 'InvalidUriPathException')
  const answer = await sendSigned(xks.server.endpoint, HEALTH).catch((error) => error)
  assert.notEqual(answer.status, 200)
})

test('bodies: up to 64 KiB, JSON objects, whatever unknown members they have', async () => {
  const padded = (bytes: number) => {
    const body = { ...HEALTH.body, padding: '' }
    return { ...HEALTH, body: { ...body, padding: 'x'.repeat(bytes - JSON.stringify(body).length) } }
  }
  assert.equal((await post(padded(64 * 1024))).status, 200)
  for (const body of [padded(64 * 1024 + 1).body, padded(1024 * 1024).body, '', '[]', '"text"', '{"a":1,"a":2}', '{']) {
    isError(await post({ ...HEALTH, body }), 400, 'ValidationException')
  }
})

test('required fields have to be texts that are not empty; operations may be new', async () => {
  const body = (metadata: unknown) => encryption({ requestMetadata: metadata })
  for (const name of ['awsPrincipalArn', 'kmsKeyArn', 'kmsOperation', 'kmsRequestId']) {
    for (const value of [undefined, null, '', 7, {}]) {
      const answer = await on('foo', 'encrypt', body(requestMetadata('Encrypt', { [name]: value })))
      isError(answer, 400, 'ValidationException')
    }
  }
  for (const metadata of [null, [], 'text'])
    isError(await on('foo', 'encrypt', body(metadata)), 400, 'ValidationException')
  assert.equal((await on('foo', 'encrypt', body(requestMetadata('ComeLater', { unheardOf: [1] })))).status, 200)
  assert.equal(
    (await on('foo', 'encrypt', body(requestMetadata('Encrypt', { awsPrincipalArn: 'AWS Internal' })))).status,
    200,
  )
})

test('parameters are checked one by one', async () => {
  const invalid = (answer: Answered) => isError(answer, 400, 'ValidationException')
  for (const more of [
    { encryptionAlgorithm: undefined },
    { encryptionAlgorithm: 'AES_CBC' },
    { plaintext: '' },
    { plaintext: 'aGVsbG8' },
    { plaintext: 'a-_8' },
    { plaintext: 5 },
    { additionalAuthenticatedData: '###' },
    { ciphertextDataIntegrityValueAlgorithm: 'SHA_512' },
  ]) {
    invalid(await on('foo', 'encrypt', encryption(more)))
  }
  const sealed = await encrypted('foo')
  for (const more of [
    { encryptionAlgorithm: undefined },
    { ciphertext: undefined },
    { initializationVector: undefined },
    { initializationVector: base64(Buffer.alloc(13)) },
    { authenticationTag: undefined },
    { authenticationTag: base64(Buffer.alloc(15)) },
    { ciphertextMetadata: base64(Buffer.alloc(21)) },
  ]) {
    invalid(await on('foo', 'decrypt', decryption(sealed, more)))
  }
})

test('what is longer than a proxy has to take is not supported', async () => {
  const unsupported = (answer: Answered) => isError(answer, 501, 'UnsupportedOperationException')
  const [most, aad] = [base64(randomBytes(4300)), base64(randomBytes(8192))]
  const sealed = await encrypted('foo', { plaintext: most, additionalAuthenticatedData: aad })
  const opened = await on('foo', 'decrypt', decryption(sealed, { additionalAuthenticatedData: aad }))
  assert.deepEqual(opened.json, { plaintext: most })
  unsupported(await on('foo', 'encrypt', encryption({ plaintext: base64(randomBytes(4301)) })))
  unsupported(await on('foo', 'encrypt', encryption({ additionalAuthenticatedData: base64(randomBytes(8193)) })))
  unsupported(await on('foo', 'decrypt', decryption(sealed, { ciphertext: base64(randomBytes(4301)) })))
})

test('each byte of a ciphertext and of what belongs to it counts, and so does the key', async () => {
  const aad = Buffer.from('tenant=blue')
  const sealed = await encrypted('foo', { additionalAuthenticatedData: base64(aad) })
  const invalid = (answer: Answered) => isError(answer, 400, 'InvalidCiphertextException')
  const parts = { ...sealed, additionalAuthenticatedData: base64(aad) } as Record<string, string>
  const good = await on('foo', 'decrypt', decryption(parts))
  assert.deepEqual(good.json, { plaintext: base64('hello') })
  for (const name of [
    'ciphertext',
    'initializationVector',
    'authenticationTag',
    'ciphertextMetadata',
    'additionalAuthenticatedData',
  ]) {
    const bytes = Buffer.from(parts[name]!, 'base64')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= 1
      invalid(await on('foo', 'decrypt', decryption(parts, { [name]: base64(changed) })))
    }
  }
  const metadata = Buffer.from(parts.ciphertextMetadata!, 'base64')
  invalid(await on('foo', 'decrypt', decryption(parts, { ciphertextMetadata: undefined })))
  const moved = { ciphertextMetadata: undefined, additionalAuthenticatedData: base64(Buffer.concat([aad, metadata])) }
  invalid(await on('foo', 'decrypt', decryption(parts, moved)))
  invalid(await on('foo', 'decrypt', decryption(parts, { initializationVector: base64(randomBytes(16)) })))
  invalid(await on('other', 'decrypt', decryption(parts)))
})

/** XP-2 and XA-1 by this file alone: partition, account, key id and KeyMaterialId of the seeded key are known here. */
function messageKey(metadata: Buffer, keyMaterialId: string): Buffer {
  const names = Buffer.concat([Buffer.of(3), Buffer.from(`aws${ACCOUNT}`), Buffer.of(36), Buffer.from(keyIdOf(1))])
  const start = Buffer.concat([Buffer.of(0, 0, 0, 1), Buffer.from('kms:xks-server:v1\0')])
  const context = Buffer.concat([Buffer.of(1), metadata.subarray(4), Buffer.from(keyMaterialId, 'hex'), names])
  return createHmac('sha256', materialOf(1))
    .update(start)
    .update(context)
    .update(Buffer.of(0, 0, 1, 0))
    .digest()
}

function boundAad(aad: Buffer, metadata: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0, aad.length), aad, Buffer.of(metadata.length), metadata])
}

test('an independent implementation with the material opens what was encrypted, and the server what it encrypts', async () => {
  const aad = Buffer.from('tenant=blue')
  const additionalAuthenticatedData = base64(aad)
  const sealed = await encrypted('foo', { additionalAuthenticatedData })
  const { additionalEventData } = xks.records().at(-1)!
  assert.equal(additionalEventData.keyMaterialIndex, 1)
  const metadata = Buffer.from(sealed.ciphertextMetadata!, 'base64')
  assert.equal(metadata.toString('hex', 0, 4), '01000001')
  const key = messageKey(metadata, additionalEventData.keyMaterialId)
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.initializationVector!, 'base64'))
  decipher.setAAD(boundAad(aad, metadata))
  decipher.setAuthTag(Buffer.from(sealed.authenticationTag!, 'base64'))
  const opened = Buffer.concat([decipher.update(Buffer.from(sealed.ciphertext!, 'base64')), decipher.final()])
  assert.equal(opened.toString(), 'hello')

  const [n, iv] = [randomBytes(16), randomBytes(12)]
  const ours = Buffer.concat([Buffer.from('01000001', 'hex'), n])
  const cipher = createCipheriv('aes-256-gcm', messageKey(ours, additionalEventData.keyMaterialId), iv)
  cipher.setAAD(boundAad(aad, ours))
  const ciphertext = Buffer.concat([cipher.update('from elsewhere'), cipher.final()])
  const parts = {
    ciphertext: base64(ciphertext),
    ciphertextMetadata: base64(ours),
    initializationVector: base64(iv),
    authenticationTag: base64(cipher.getAuthTag()),
    additionalAuthenticatedData,
  }
  assert.deepEqual((await on('foo', 'decrypt', decryption(parts))).json, { plaintext: base64('from elsewhere') })
})

test('each message has a key and an IV of its own', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => encrypted('foo')))
  for (const name of ['ciphertextMetadata', 'initializationVector', 'ciphertext', 'authenticationTag']) {
    assert.equal(new Set(answers.map((answer) => answer[name])).size, 50, name)
  }
})

test('metadata of a key: what it is, and whether it is enabled', async () => {
  const metadata = (key: string) => on(key, 'metadata', { requestMetadata: requestMetadata('CreateKey') })
  assert.deepEqual((await metadata('foo')).json, {
    keySpec: 'AES_256',
    keyUsage: ['ENCRYPT', 'DECRYPT'],
    keyStatus: 'ENABLED',
  })
  // Without the key, which does not exist yet when CreateKey asks.
  const { kmsKeyArn: _, ...creation } = requestMetadata('CreateKey') as Record<string, string>
  assert.equal((await on('foo', 'metadata', { requestMetadata: creation })).status, 200)
})

const keyUsable = async (key: string) => (await on(key, 'encrypt', encryption())).status === 200

async function kms(operation: string, body: object): Promise<void> {
  const { service } = xks.server
  const call = {
    requestId: service.random.uuid(),
    time: Date.now(),
    sourceIp: '127.0.0.1',
    userAgent: 'test',
    tls: undefined,
  }
  await service.execute(operationsOf.kms.get(operation)!, body, { principal: userOf(ACCOUNT), region: REGION, ...call })
}

test('a key that is disabled, pending deletion or not there', async () => {
  assert.ok(await keyUsable('disabled'))
  const sealed = await encrypted('disabled')
  await kms('DisableKey', { KeyId: keyIdOf(3) })
  const invalidState = (answer: Answered) => isError(answer, 400, 'InvalidStateException')
  invalidState(await on('disabled', 'encrypt', encryption()))
  invalidState(await on('disabled', 'decrypt', decryption(sealed)))
  const { json } = await on('disabled', 'metadata', { requestMetadata: requestMetadata('CreateKey') })
  assert.equal(json.keyStatus, 'DISABLED')
  await kms('EnableKey', { KeyId: keyIdOf(3) })
  assert.deepEqual((await on('disabled', 'decrypt', decryption(sealed))).json, { plaintext: base64('hello') })

  await kms('ScheduleKeyDeletion', { KeyId: keyIdOf(4) })
  invalidState(await on('going', 'encrypt', encryption()))

  await xks.server.store.change((change) => change.eraseKey({ account: ACCOUNT, region: REGION, keyId: keyIdOf(5) }))
  isError(await on('no-such-key', 'encrypt', encryption()), 404, 'KeyNotFoundException')
})

test('rotation of the local key: what was encrypted before opens after, and both name their material', async () => {
  const before = await encrypted('other')
  await kms('RotateKeyOnDemand', { KeyId: keyIdOf(2) })
  const after = await encrypted('other')
  assert.equal(Buffer.from(before.ciphertextMetadata!, 'base64').toString('hex', 0, 4), '01000001')
  assert.equal(Buffer.from(after.ciphertextMetadata!, 'base64').toString('hex', 0, 4), '01000002')
  for (const sealed of [before, after]) {
    assert.deepEqual((await on('other', 'decrypt', decryption(sealed))).json, { plaintext: base64('hello') })
  }
  const unknown = Buffer.from(after.ciphertextMetadata!, 'base64')
  for (const index of [0, 3, 0xff]) {
    unknown[3] = index
    const answer = await on('other', 'decrypt', decryption(after, { ciphertextMetadata: base64(unknown) }))
    isError(answer, 400, 'InvalidCiphertextException')
  }
})

test('secondary authorisation: who calls, for which key, through which service, for what', async () => {
  const denied = (answer: Answered) => isError(answer, 403, 'AccessDeniedException')
  const encrypt = async (key: string, metadata: object) =>
    on(
      key,
      'encrypt',
      encryption({ requestMetadata: requestMetadata('Encrypt', { awsPrincipalArn: PRINCIPAL, ...metadata }) }),
    )
  const metadataOf = (key: string) => on(key, 'metadata', { requestMetadata: requestMetadata('CreateKey') })
  assert.equal((await encrypt('for-alice', {})).status, 200)
  denied(await encrypt('for-bob', {}))
  denied(await metadataOf('for-bob'))
  assert.equal((await encrypt('for-key', { kmsKeyArn: KMS_KEY })).status, 200)
  denied(await encrypt('for-key', { kmsKeyArn: `${KMS_KEY}0` }))
  assert.equal((await metadataOf('for-key')).status, 200, 'the KMS key does not exist yet')
  assert.equal((await encrypt('via-ebs', { kmsViaService: 'ebs' })).status, 200)
  denied(await encrypt('via-ebs', { kmsViaService: 's3' }))
  denied(await encrypt('via-ebs', { kmsViaService: undefined }))
  denied(await encrypt('decrypts', {}))
  // Validation comes before, usage after (6.2).
  isError(await on('for-bob', 'encrypt', encryption({ plaintext: undefined })), 400, 'ValidationException')
})

test('every use is recorded before it is answered: who, for whom, what became of it, and nothing of the data', async () => {
  const before = xks.records().length
  const plaintext = base64('a secret that must not be seen')
  const sealed = await encrypted('foo', { plaintext, additionalAuthenticatedData: base64('seen by nobody') })
  await on('foo', 'decrypt', decryption(sealed))
  await post(HEALTH)
  await on('nobody-knows-it', 'encrypt', encryption())
  await on('foo', 'metadata', {})
  const [encrypt, decrypt, unknown, invalid, ...rest] = xks.records().slice(before)
  assert.equal(rest.length, 0, 'health is not a use')
  const { arn } = xks.settings.tenants[0]!.keys[0]!.key
  assert.equal(encrypt.eventName, 'Encrypt')
  assert.equal(encrypt.errorCode, undefined)
  assert.deepEqual(encrypt.userIdentity, {
    type: 'ExternalKeyStore',
    accessKeyId: TENANT_A.accessKeyId,
    invokedBy: PATH,
  })
  assert.deepEqual(encrypt.requestParameters, { xksKeyId: 'foo', ...requestMetadata('Encrypt') })
  assert.deepEqual(encrypt.resources, [{ accountId: ACCOUNT, type: 'AWS::KMS::Key', ARN: arn }])
  assert.equal(encrypt.sourceIPAddress, '127.0.0.1')
  assert.equal(encrypt.recipientAccountId, ACCOUNT)
  assert.equal(decrypt.eventName, 'Decrypt')
  assert.equal(decrypt.errorCode, 'InvalidCiphertextException', 'its authenticated data was missing')
  assert.equal(unknown.errorCode, 'KeyNotFoundException')
  assert.equal(unknown.resources, undefined)
  assert.equal(invalid.errorCode, 'ValidationException')
  const log = xks.server.auditLines.join('\n')
  for (const secret of [
    plaintext,
    sealed.ciphertext!,
    base64('seen by nobody'),
    TENANT_A.secretAccessKey,
    'must not be seen',
  ]) {
    assert.ok(!log.includes(secret))
  }
})

test('what is recorded is bounded', async () => {
  const long = 'x'.repeat(20_000)
  await on('foo', 'encrypt', encryption({ requestMetadata: requestMetadata(long, { awsPrincipalArn: long }) }))
  const { requestParameters } = xks.records().at(-1)!
  assert.equal(requestParameters.kmsOperation.length, 2048)
  assert.equal(requestParameters.awsPrincipalArn.length, 2048)
})

test('uses count as the last use of the key, and refused ones raise the alarm of a key that is pending deletion', async () => {
  const { keyUsage, deletionAlarms } = xks.server.service
  await encrypted('foo')
  const key = (await xks.server.store.findKey({ account: ACCOUNT, region: REGION, keyId: keyIdOf(1) }))!
  assert.equal((await keyUsage.lastUse(key, xks.server.store))!.operation, 'Encrypt')
  await on('going', 'encrypt', encryption())
  await deletionAlarms.save()
  const alarm = await xks.server.store.findDeletionAlarm({
    account: ACCOUNT,
    region: REGION,
    keyId: keyIdOf(4),
  })
  assert.equal(alarm!.last.principal, PRINCIPAL)
})
