/** The listener beside that of the KMS API: TLS, limits, its end; reserved keys; failing closed. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import * as kms from '@aws-sdk/client-kms'
import { createMemoryAuditLog } from '../../src/audit/memory-audit-log.ts'
import { systemClock } from '../../src/base/clock.ts'
import { KmsError } from '../../src/base/errors.ts'
import type { Log } from '../../src/base/log.ts'
import { silentLog } from '../../src/base/log.ts'
import { localRootKey } from '../../src/crypto/root-key/local-root-key.ts'
import type { Key } from '../../src/domain/keys/key.ts'
import { createService } from '../../src/service.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { REGION } from '../support/harness.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { ACCESS_KEY_ID, SECRET_ACCESS_KEY } from '../support/test-server.ts'
import {
  base64,
  curlClient,
  externalKey,
  keyIdOf,
  requestMetadata,
  smithyClient,
  startXksServer,
  whyNoCurl,
  type XksServer,
  type XksServerWishes,
} from '../support/xks-server.ts'
import { selfSigned } from '../wire/self-signed.ts'

const HEALTH = {
  path: '/tenant-a/kms/xks/v1/health',
  body: { requestMetadata: { kmsRequestId: 'r', kmsOperation: 'KmsHealthCheck' } },
}
const ENCRYPTION = {
  path: '/tenant-a/kms/xks/v1/keys/foo/encrypt',
  body: { requestMetadata: requestMetadata('Encrypt'), plaintext: base64('x'), encryptionAlgorithm: 'AES_GCM' },
}

async function start(context: TestContext, wishes: Partial<XksServerWishes> = {}): Promise<XksServer> {
  const xks = await startXksServer({ keys: [externalKey('foo', 1)], ...wishes })
  context.after(() => xks.stop())
  return xks
}

const plain = (xks: XksServer) => smithyClient(`http://127.0.0.1:${xks.port}`)

function client(context: TestContext, xks: XksServer): kms.KMS {
  const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY }
  const made = new kms.KMS({ endpoint: xks.server.endpoint, region: REGION, credentials, maxAttempts: 1 })
  context.after(() => made.destroy())
  return made
}

function collected(): { log: Log; lines: { fields: Record<string, unknown>; message: string }[] } {
  const lines: { fields: Record<string, unknown>; message: string }[] = []
  const write = (fields: object, message: string) =>
    void lines.push({ fields: fields as Record<string, unknown>, message })
  return { log: { info: write, warn: write, error: write }, lines }
}

test('HTTPS with the certificate of the operator, for clients that trust it, and not below TLS 1.2', async (context) => {
  const folder = temporaryFolder('xks-tls')
  context.after(() => folder.remove())
  const { cert, key } = selfSigned('xks')
  const files = { cert: join(folder.path, 'cert.pem'), key: join(folder.path, 'key.pem') }
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key)
  const xks = await start(context, { proxyTls: files })
  const base = `https://localhost:${xks.port}`
  assert.equal((await smithyClient(base, { ca: cert }).call(ENCRYPTION)).status, 200)
  await assert.rejects(
    smithyClient(base, { ca: selfSigned('other').cert }).call(HEALTH),
    /self-signed|unable to verify/,
  )
  const whyNot = await whyNoCurl()
  if (whyNot === undefined) {
    assert.equal((await curlClient(base, ['--cacert', files.cert]).call(ENCRYPTION)).status, 200)
    await assert.rejects(curlClient(base).call(HEALTH), /curl ended with 60/)
  } else context.diagnostic(`curl is left out: ${whyNot}`)
  const old = connectTls({
    port: xks.port,
    host: '127.0.0.1',
    ca: cert,
    servername: 'localhost',
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  })
  const [error] = await once(old, 'error')
  assert.ok(error instanceof Error)
})

test('a key that serves is reserved: the KMS API uses it for nothing, and manages it as before', async (context) => {
  const xks = await start(context)
  const api = client(context, xks)
  const KeyId = keyIdOf(1)
  const denied = { name: 'AccessDeniedException' }
  await assert.rejects(api.encrypt({ KeyId, Plaintext: Buffer.from('x') }), denied)
  await assert.rejects(api.generateDataKey({ KeyId, KeySpec: 'AES_256' }), denied)
  await assert.rejects(api.generateDataKeyWithoutPlaintext({ KeyId, KeySpec: 'AES_256' }), denied)
  await assert.rejects(api.generateDataKeyPair({ KeyId, KeyPairSpec: 'ECC_NIST_P256' }), denied)
  const other = (await api.createKey({})).KeyMetadata!.KeyId!
  const { CiphertextBlob } = await api.encrypt({ KeyId: other, Plaintext: Buffer.from('x') })
  await assert.rejects(api.reEncrypt({ CiphertextBlob, DestinationKeyId: KeyId }), denied)
  assert.equal((await api.describeKey({ KeyId })).KeyMetadata!.KeyState, 'Enabled')
  await api.rotateKeyOnDemand({ KeyId })
  assert.equal((await plain(xks).call(ENCRYPTION)).status, 200)
})

test('the log warns of a key that serves and is scheduled for deletion or disabled, with all that it serves', async (context) => {
  const { log, lines } = collected()
  const keys = [externalKey('foo', 1), externalKey('bar', 1)]
  const xks = await start(context, { keys, log })
  const api = client(context, xks)
  const warned = () => lines.filter(({ message }) => message.startsWith('a key that serves as an external key'))
  assert.deepEqual(
    warned().map(({ fields }) => fields.state),
    ['missing', 'missing'],
    'at the start the test has not made it yet',
  )
  await api.scheduleKeyDeletion({ KeyId: keyIdOf(1) })
  const { fields, message } = warned().at(-1)!
  assert.deepEqual(fields, {
    key: keys[0]!.key.arn,
    state: 'PendingDeletion',
    externalId: 'bar',
    uriPath: '/tenant-a/kms/xks/v1',
  })
  assert.match(message, /everything that the other KMS encrypted under it is lost/)
  assert.equal(warned().at(-2)!.fields.externalId, 'foo')
})

function signingKey(name: Pick<Key, 'arn' | 'account' | 'region' | 'keyId'>): Key {
  return {
    ...name,
    usage: 'SIGN_VERIFY',
    origin: 'AWS_KMS',
    manager: 'CUSTOMER',
    spec: 'ECC_NIST_P256',
    multiRegion: false,
    multiRegionSet: undefined,
    description: '',
    createdAt: 0,
    enabled: true,
    deletion: undefined,
    tags: [],
    currentMaterialId: undefined,
    policy: '{}',
    rotation: undefined,
    onDemandRotations: 0,
    importedMaterial: undefined,
    customKeyStore: undefined,
  }
}

test('a key that comes later, as a replica may, and can be no external key, is none', async (context) => {
  const foo = externalKey('foo', 1)
  const keyId = `mrk-${foo.key.keyId.replaceAll('-', '')}`
  const later = {
    ...foo,
    externalId: 'later',
    key: { ...foo.key, keyId, arn: foo.key.arn.replace(foo.key.keyId, keyId) },
  }
  const xks = await start(context, { keys: [foo, later] })
  const onKey = (call: string, body: object) =>
    plain(xks).call({ path: `/tenant-a/kms/xks/v1/keys/later/${call}`, body })
  const calls = () => [
    onKey('encrypt', ENCRYPTION.body),
    onKey('metadata', { requestMetadata: requestMetadata('CreateKey') }),
  ]
  for (const { json } of await Promise.all(calls())) assert.equal(json.errorName, 'KeyNotFoundException')
  await xks.server.store.change((change) => change.insertKey(signingKey(later.key), []))
  for (const { json } of await Promise.all(calls())) assert.equal(json.errorName, 'KeyNotFoundException')
})

test('keys that can never be external keys are refused at the start, in one sentence', async (context) => {
  const folder = temporaryFolder('xks-unfit')
  context.after(() => folder.remove())
  const rootKey = localRootKey(Buffer.alloc(32, 1))
  const open = async (xksProxy?: XksServer['settings']) => {
    const store = await openSqliteStore({ path: join(folder.path, 'store.db'), node: 'test', clock: systemClock })
    const shared = {
      store,
      auditLog: createMemoryAuditLog(),
      rootKey,
      clock: systemClock,
      log: silentLog,
      node: 'test',
    }
    return { store, service: await createService({ ...shared, authentication: 'signed', xksProxy }) }
  }
  const { externalId, key, ...rest } = externalKey('foo', 1)
  const { store, service } = await open()
  const facts = signingKey(key)
  await store.change((change) => change.insertKey(facts, []))
  await service.stop()
  const tenant = { prefix: '', credentials: folder.path, regions: undefined, callsPerSecondMax: 1 }
  const settings = {
    listen: { host: '127.0.0.1', port: 0 },
    tls: undefined,
    timeoutMs: 200,
    tenants: [{ ...tenant, keys: [{ externalId, key, ...rest }] }],
  }
  await assert.rejects(open(settings), {
    message: `--xks-proxy: ${key.arn} cannot be the external key foo of /kms/xks/v1: it is no symmetric encryption key`,
  })
})

test('without a record there is no answer', async (context) => {
  const memory = createMemoryAuditLog()
  let isBroken = false
  const broken = () => new KmsError('KMSInternalException', 'the disk is gone')
  const auditLog = {
    ...memory,
    admit: memory.admit,
    append: (line: string) => (isBroken ? Promise.reject(broken()) : memory.append(line)),
  }
  const xks = await start(context, { auditLog })
  assert.equal((await plain(xks).call(ENCRYPTION)).status, 200)
  isBroken = true
  const answer = await plain(xks).call(ENCRYPTION)
  assert.deepEqual([answer.status, answer.json.errorName], [500, 'InternalException'])
  assert.equal(answer.json.ciphertext, undefined)
})

/** Writes what it is told and reads to the end. */
async function talk(port: number, ...pieces: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk
  })
  socket.on('error', () => {})
  for (const piece of pieces) socket.write(piece)
  await once(socket, 'close')
  return heard
}

test('hostile input: heads without end, tunnels, what is no HTTP, bodies in the smallest pieces', async (context) => {
  const xks = await start(context)
  const head = `POST ${HEALTH.path} HTTP/1.1\r\nHost: x\r\n`
  assert.match(await talk(xks.port, head, `X-Long: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
  assert.match(await talk(xks.port, 'no HTTP\r\n\r\n'), /^HTTP\/1\.1 400 /)
  await talk(xks.port, 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n')
  const piece = '1\r\nx\r\n'
  const chunked = [`${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n`, piece.repeat(70_000), '0\r\n\r\n']
  assert.match(await talk(xks.port, ...chunked), /^HTTP\/1\.1 400 [\s\S]*ValidationException/)
  const both = `${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`
  assert.match(await talk(xks.port, both), /^HTTP\/1\.1 400 /)
  assert.equal((await plain(xks).call(HEALTH)).status, 200)
})

test('a stop answers what has begun, ends connections that are kept, and takes no others', async () => {
  const xks = await startXksServer({ keys: [externalKey('foo', 1)] })
  const request = `POST ${HEALTH.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n`
  const open = () => connect(xks.port, '127.0.0.1')
  const [kept, begun, unused] = [open(), open(), open()]
  kept.write(`${request}{}`)
  assert.match(String((await once(kept, 'data'))[0]), /^HTTP\/1\.1 401 [\s\S]*keep-alive/i)
  begun.write(`${request}{`)
  const ended = Promise.all([once(kept, 'close'), once(unused, 'close')])
  kept.resume()
  unused.resume()
  // So that the server has read the first half before it is told to stop.
  assert.equal((await plain(xks).call(ENCRYPTION)).status, 200)
  const stopped = xks.stop()
  await ended
  await assert.rejects(plain(xks).call(HEALTH), { code: 'ECONNREFUSED' })
  begun.write('}')
  assert.match(String((await once(begun, 'data'))[0]), /^HTTP\/1\.1 401 [\s\S]*connection: close/i)
  begun.destroy()
  await stopped
})
