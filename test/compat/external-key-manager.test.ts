/**
 * Two Keyholds, each with two workers: one as AWS KMS with an external key store, the other as the proxy and key manager behind it.
 * The AWS SDK manages, boto3 uses; the manager's key is rotated and disabled meanwhile, its credential replaced.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import * as kms from '@aws-sdk/client-kms'
import {
  type KeyholdProcess,
  readCredentials,
  runKeyhold,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'
import { PROXY_ENDPOINT, PROXY_HOST, storeOf } from '../support/xks-proxy.ts'
import { selfSigned } from '../wire/self-signed.ts'

/** The promise of design.md section 3, and a little. */
const CHANGE_IN_FORCE_MS = 1_200
/** Until all workers have looked into the folder of credentials. */
const CREDENTIALS_IN_FORCE_MS = 2_500
const REGION = 'eu-central-1'

const whyNot = spawnSync('python3', ['-c', 'import boto3']).status === 0 ? undefined : 'boto3 is not installed here'
const folder = temporaryFolder('external-key-manager')
const at = (name: string) => join(folder.path, name)
let manager: KeyholdProcess
let aws: KeyholdProcess
let managing: kms.KMS
let calling: kms.KMS
let localKeyId: string
let storeId: string
let keyId: string
const sealed: string[] = []

function clientOf({ endpoint }: KeyholdProcess, data: string): kms.KMS {
  return new kms.KMS({ endpoint, region: REGION, credentials: readCredentials(at(data)), maxAttempts: 1 })
}

const startManager = (...more: string[]) =>
  startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', at('manager'), ...more])

function newCredential(): { AccessKeyId: string; RawSecretAccessKey: string } {
  const { status, stdout, stderr } = runKeyhold([
    'xks-credential',
    'create',
    '/tenant-a',
    '--xks-proxy',
    at('xks.yaml'),
    '--print',
  ])
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout).XksProxyAuthenticationCredential
}

before(async () => {
  const { cert, key } = selfSigned('manager', { host: PROXY_HOST })
  writeFileSync(at('cert.pem'), cert)
  writeFileSync(at('key.pem'), key)
  manager = await startManager()
  managing = clientOf(manager, 'manager')
  const { Arn, KeyId } = (await managing.createKey({ Description: 'external key' })).KeyMetadata!
  localKeyId = KeyId!
  managing.destroy()
  await manager.end()
  writeFileSync(
    at('xks.yaml'),
    `port: 0\ntls-cert: cert.pem\ntls-key: key.pem\ntimeout: 5s\ntenants:\n  /tenant-a:\n    credentials: credentials\n    regions: [${REGION}]\n    keys:\n      orders-2026: {kms-key: '${Arn}'}\n`,
  )
})

after(async () => {
  managing?.destroy()
  calling?.destroy()
  await aws?.end()
  await manager?.end()
  folder.remove()
})

test('a manager with a credential, and AWS with a store that leads to it', async () => {
  const refused = runKeyhold(['start', '--port', '0', '--data', at('manager'), '--xks-proxy', at('xks.yaml')])
  assert.equal(refused.status, 2)
  assert.match(
    refused.stderr,
    /credentials: there is no such file or folder; 'keyhold xks-credential create' makes one/,
  )
  const credential = newCredential()
  assert.equal(statSync(at('credentials')).mode & 0o777, 0o700)
  assert.equal(statSync(join(at('credentials'), `${credential.AccessKeyId}.json`)).mode & 0o777, 0o600)

  manager = await startManager('--xks-proxy', at('xks.yaml'))
  managing = clientOf(manager, 'manager')
  const [, port] = /XKS proxy {4}https:\/\/127\.0\.0\.1:(\d+)/.exec(manager.output())!
  assert.ok(!manager.output().includes(credential.RawSecretAccessKey))
  const place = `{address: 127.0.0.1, port: ${port}, ca: cert.pem, timeout: 5s}`
  writeFileSync(at('proxies.yaml'), `endpoints:\n  ${PROXY_ENDPOINT}: ${place}\n`)
  const flags = ['--port', '0', '--workers', '2', '--data', at('aws'), '--external-key-stores', at('proxies.yaml')]
  aws = await startKeyholdProcess(['start', ...flags])
  calling = clientOf(aws, 'aws')

  const wrong = { ...credential, RawSecretAccessKey: 's'.repeat(44) }
  await assert.rejects(calling.createCustomKeyStore(storeOf('orders', { XksProxyAuthenticationCredential: wrong })), {
    name: 'XksProxyIncorrectAuthenticationCredentialException',
  })
  const wish = storeOf('orders', { XksProxyAuthenticationCredential: credential })
  storeId = (await calling.createCustomKeyStore(wish)).CustomKeyStoreId!
  await calling.connectCustomKeyStore({ CustomKeyStoreId: storeId })
  for (;;) {
    const [store] = (await calling.describeCustomKeyStores({ CustomKeyStoreId: storeId })).CustomKeyStores!
    if (store!.ConnectionState === 'CONNECTED') break
    assert.equal(store!.ConnectionState, 'CONNECTING', `${store!.ConnectionErrorCode}`)
    await pause(20)
  }
  await pause(CHANGE_IN_FORCE_MS)
  const where = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: storeId } as const
  await assert.rejects(calling.createKey({ ...where, XksKeyId: 'unknown' }), { name: 'XksKeyNotFoundException' })
  keyId = (await calling.createKey({ ...where, XksKeyId: 'orders-2026' })).KeyMetadata!.KeyId!
  await pause(CHANGE_IN_FORCE_MS)
})

/** @returns what was sealed, if it was to seal. */
function boto3(...args: string[]): string | undefined {
  const { accessKeyId, secretAccessKey } = readCredentials(at('aws'))
  const { status, stdout, stderr } = spawnSync(
    'python3',
    [join(import.meta.dirname, 'external-key-manager-client.py'), ...args],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_DEFAULT_REGION: REGION,
        AWS_ENDPOINT_URL: aws.endpoint,
        KEY_ID: keyId,
      },
    },
  )
  assert.equal(status, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, /^(\d+) checks passed$/m)
  return /^sealed (\S+)$/m.exec(stdout)?.[1]
}

/** Enough connections that both workers of both sides get some. */
function manyTimes<T>(call: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: 32 }, call))
}

test('boto3 encrypts and decrypts; the other key cannot be used by itself', { skip: whyNot ?? false }, async () => {
  sealed.push(boto3('seal')!)
  boto3('open', ...sealed)
  await assert.rejects(managing.encrypt({ KeyId: localKeyId, Plaintext: Buffer.from('x') }), {
    name: 'AccessDeniedException',
  })
})

test('both workers of both sides', async () => {
  const Plaintext = Buffer.from('x')
  const blobs = await manyTimes(() => calling.encrypt({ KeyId: keyId, Plaintext }))
  const opened = await Promise.all(blobs.map(({ CiphertextBlob }) => calling.decrypt({ CiphertextBlob })))
  assert.ok(opened.every(({ Plaintext }) => Buffer.from(Plaintext!).toString() === 'x'))
})

test("the manager's key rotates in between: old and new ciphertexts open", { skip: whyNot ?? false }, async () => {
  await managing.rotateKeyOnDemand({ KeyId: localKeyId })
  await pause(CHANGE_IN_FORCE_MS)
  sealed.push(boto3('seal')!)
  assert.equal(sealed.length, 2)
  boto3('open', ...sealed)
})

test('a disabled key opens nothing, and an enabled one everything again', { skip: whyNot ?? false }, async () => {
  await managing.disableKey({ KeyId: localKeyId })
  await pause(CHANGE_IN_FORCE_MS)
  boto3('refused', ...sealed)
  await managing.enableKey({ KeyId: localKeyId })
  await pause(CHANGE_IN_FORCE_MS)
  boto3('open', ...sealed)
})

test('another credential beside the first, which then goes, on every worker without a restart', async () => {
  const [first = ''] = readdirSync(at('credentials'))
  const renewed = newCredential()
  await pause(CREDENTIALS_IN_FORCE_MS)
  const encrypt = () => calling.encrypt({ KeyId: keyId, Plaintext: Buffer.from('x') })
  await manyTimes(encrypt)
  await calling.updateCustomKeyStore({ CustomKeyStoreId: storeId, XksProxyAuthenticationCredential: renewed })
  rmSync(join(at('credentials'), first))
  await pause(CREDENTIALS_IN_FORCE_MS)
  await manyTimes(encrypt)
  rmSync(join(at('credentials'), `${renewed.AccessKeyId}.json`))
  await pause(CREDENTIALS_IN_FORCE_MS)
  const refused = await manyTimes(() => encrypt().then(String, (error: Error) => error.name))
  assert.deepEqual([...new Set(refused)], ['KMSInvalidStateException'])
})

test('the manager has a record of each use, with the request id that AWS has in its own', async () => {
  const { CiphertextBlob } = await (async () => {
    const restored = newCredential()
    await pause(CREDENTIALS_IN_FORCE_MS)
    await calling.updateCustomKeyStore({ CustomKeyStoreId: storeId, XksProxyAuthenticationCredential: restored })
    await pause(CHANGE_IN_FORCE_MS)
    return calling.encrypt({ KeyId: keyId, Plaintext: Buffer.from('x') })
  })()
  const { $metadata } = await calling.decrypt({ CiphertextBlob })
  const shown = runKeyhold(['audit', 'show', '--data', at('manager'), '--event-source', 'kms-xks-proxy.amazonaws.com'])
  assert.equal(shown.status, 0, shown.stderr)
  const records = shown.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const record = records.find(({ requestParameters }) => requestParameters.kmsRequestId === $metadata.requestId)
  assert.equal(record.eventName, 'Decrypt')
  assert.equal(record.requestParameters.kmsOperation, 'Decrypt')
  assert.equal(record.requestParameters.xksKeyId, 'orders-2026')
  assert.match(record.requestParameters.awsPrincipalArn, /^arn:aws:iam::\d{12}:user\//)
  assert.ok(record.requestParameters.kmsKeyArn.endsWith(`:key/${keyId}`))
  const verified = runKeyhold(['audit', 'verify', '--data', at('manager')])
  assert.equal(verified.status, 0, verified.stderr)
})

async function freePort(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return String(port)
}

test('two listeners on one port: the second says what is wrong, whoever has the first', async () => {
  const [, port] = /XKS proxy {4}https:\/\/127\.0\.0\.1:(\d+)/.exec(manager.output())!
  writeFileSync(at('taken.yaml'), `port: ${port}\ntenants:\n  /tenant-b:\n    credentials: empty\n`)
  assert.equal(runKeyhold(['xks-credential', 'create', '/tenant-b', '--xks-proxy', at('taken.yaml')]).status, 0)
  const free = await freePort()
  writeFileSync(at('same.yaml'), `port: ${free}\ntenants:\n  /tenant-b:\n    credentials: empty\n`)
  for (const [file, apiPort, workers] of [
    ['taken.yaml', '0', '1'],
    ['taken.yaml', '0', '2'],
    ['same.yaml', free, '1'],
    ['same.yaml', free, '2'],
  ] as const) {
    const flags = ['--port', apiPort, '--workers', workers, '--data', at('second'), '--xks-proxy', at(file)]
    const { status, stderr } = runKeyhold(['start', ...flags])
    assert.equal(status, 1, stderr)
    const wanted = file === 'same.yaml' ? free : port
    const expected = `--xks-proxy: cannot listen on host 127.0.0.1, port ${wanted}: something else listens there`
    assert.ok(stderr.includes(expected), stderr)
  }
})

test('the commands of the operator know what the key is for', async () => {
  const account = (await managing.describeKey({ KeyId: localKeyId })).KeyMetadata!.AWSAccountId!
  const why = [
    'simulate',
    '--principal',
    `arn:aws:iam::${account}:root`,
    '--action',
    'kms:Encrypt',
    '--key',
    localKeyId,
  ]
  const where = ['--data', at('manager'), '--region', REGION, '--xks-proxy', at('xks.yaml')]
  const simulated = runKeyhold([...why, ...where])
  assert.equal(simulated.status, 1, simulated.stderr)
  assert.match(simulated.stdout, /^DENIED\n.*"ReservedForXksProxy"/)
  await manager.end()
  const { status, stdout, stderr } = runKeyhold(['key', 'report', localKeyId, ...where])
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^Serves +external key orders-2026 of \/tenant-a\/kms\/xks\/v1$/m)
  assert.match(stdout, /by \/tenant-a\/kms\/xks\/v1 for arn:aws:iam::\d{12}:user\//)
  assert.match(stdout, /and so is what the other KMS encrypted with it\.$/m)
})
