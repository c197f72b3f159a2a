/** `keyhold start` with two workers and an external key store: what one worker is told, the other knows; a restart connects again. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import * as kms from '@aws-sdk/client-kms'
import {
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'
import { PROXY_CREDENTIAL, PROXY_ENDPOINT, startXksProxy, storeOf, type XksProxy } from '../support/xks-proxy.ts'

/** The promise of design.md section 3, and a little. */
const CHANGE_IN_FORCE_MS = 1_200

const folder = temporaryFolder('external-key-stores')
let proxy: XksProxy
let keyhold: KeyholdProcess
let client: kms.KMS

async function start(): Promise<void> {
  const file = join(folder.path, 'proxies.yaml')
  const flags = ['--port', '0', '--workers', '2', '--data', join(folder.path, 'data'), '--external-key-stores', file]
  keyhold = await startKeyholdProcess(['start', ...flags])
  const { endpoint } = keyhold
  const credentials = readCredentials(join(folder.path, 'data'))
  client = new kms.KMS({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 })
}

before(async () => {
  proxy = await startXksProxy()
  writeFileSync(join(folder.path, 'ca.pem'), proxy.ca)
  const place = `{address: 127.0.0.1, port: ${proxy.port}, ca: ca.pem, timeout: 5s}`
  writeFileSync(join(folder.path, 'proxies.yaml'), `endpoints:\n  ${PROXY_ENDPOINT}: ${place}\n`)
  await start()
})

after(async () => {
  client?.destroy()
  await keyhold?.end()
  await proxy?.close()
  folder.remove()
})

async function settled(CustomKeyStoreId: string): Promise<string> {
  for (;;) {
    const { CustomKeyStores } = await client.describeCustomKeyStores({ CustomKeyStoreId })
    const state = CustomKeyStores![0]!.ConnectionState!
    if (!state.endsWith('ING')) return state
    await pause(20)
  }
}

/** Enough connections that both workers get some. */
function manyTimes<T>(call: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: 16 }, call))
}

test('keys, credentials and disconnection at whichever worker, and after a restart', async () => {
  const { CustomKeyStoreId } = await client.createCustomKeyStore(storeOf('orders'))
  await client.connectCustomKeyStore({ CustomKeyStoreId })
  assert.equal(await settled(CustomKeyStoreId!), 'CONNECTED')
  proxy.addKey('orders-2026')
  const where = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId, XksKeyId: 'orders-2026' } as const
  await pause(CHANGE_IN_FORCE_MS)
  const KeyId = (await client.createKey(where)).KeyMetadata!.KeyId!
  await pause(CHANGE_IN_FORCE_MS)
  const sealed = await manyTimes(() => client.encrypt({ KeyId, Plaintext: Buffer.from('x') }))
  await Promise.all(sealed.map(({ CiphertextBlob }) => client.decrypt({ CiphertextBlob })))

  const renewed = { AccessKeyId: 'XKSRENEWEDKEY2345677', RawSecretAccessKey: 's'.repeat(43) }
  proxy.credentials.set(renewed.AccessKeyId, renewed.RawSecretAccessKey)
  await client.updateCustomKeyStore({ CustomKeyStoreId, XksProxyAuthenticationCredential: renewed })
  await pause(CHANGE_IN_FORCE_MS)
  proxy.credentials.delete(PROXY_CREDENTIAL.AccessKeyId)
  const [{ CiphertextBlob }] = (await manyTimes(() => client.encrypt({ KeyId, Plaintext: Buffer.from('x') }))) as [
    kms.EncryptCommandOutput,
  ]

  client.destroy()
  await keyhold.end()
  await start()
  assert.equal(await settled(CustomKeyStoreId!), 'CONNECTED', 'CS-12')
  await pause(CHANGE_IN_FORCE_MS)
  const opened = await manyTimes(() => client.decrypt({ CiphertextBlob }))
  assert.ok(opened.every(({ Plaintext }) => Buffer.from(Plaintext!).toString() === 'x'))

  await client.disconnectCustomKeyStore({ CustomKeyStoreId })
  assert.equal(await settled(CustomKeyStoreId!), 'DISCONNECTED')
  await pause(CHANGE_IN_FORCE_MS)
  const asked = proxy.calls.length
  const refused = await manyTimes(() => client.decrypt({ CiphertextBlob }).catch((error: Error) => error.name))
  assert.deepEqual([...new Set(refused)], ['KMSInvalidStateException'])
  assert.equal(proxy.calls.length, asked)
})
