/** Custom key stores over SoftHSM2: made, connected, refused, renamed, deleted (keystores.md 2.8, tests 1 to 3 and 10). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { assertFails } from '../operations/support.ts'
import { softHsmMissing } from '../support/softhsm.ts'
import { createHsmHarness, type HsmHarness } from './support.ts'

const skip = softHsmMissing

describe('a custom key store over SoftHSM2', { skip }, () => {
  let hsm: HsmHarness
  let store: string

  before(async () => {
    hsm = await createHsmHarness()
  })
  after(() => hsm.close())

  test('is DISCONNECTED when it is made, and has an id as AWS gives them', async () => {
    store = await hsm.createStore()
    assert.match(store, /^cks-[0-9a-f]{17}$/)
    const { CreationDate, ...entry } = await hsm.describe(store)
    assert.ok(CreationDate > 1_000_000_000)
    assert.deepEqual(entry, {
      CustomKeyStoreId: store,
      CustomKeyStoreName: 'vault',
      CloudHsmClusterId: hsm.hsm.clusterId,
      TrustAnchorCertificate: hsm.hsm.certificate,
      ConnectionState: 'DISCONNECTED',
      CustomKeyStoreType: 'AWS_CLOUDHSM',
    })
  })

  test('is made once, however often the same request comes while it is disconnected', async () => {
    assert.equal(await hsm.createStore(), store)
    const inUse = `CloudHSM cluster ${hsm.hsm.clusterId}, or a related one, is already associated with a custom key store.`
    const other = { CustomKeyStoreName: 'another' }
    await assertFails(hsm.createStore(other), 'CloudHsmClusterInUseException', inUse)
    const nameInUse = 'Custom key store name vault is already in use.'
    const changed = { KeyStorePassword: 'another-password' }
    await assertFails(hsm.createStore(changed), 'CustomKeyStoreNameInUseException', nameInUse)
  })

  test('is made once by requests that come at the same time, as from a client that did not wait for the answer (OP-1)', async () => {
    const twin = await createHsmHarness()
    try {
      const ids = await Promise.all([twin.createStore(), twin.createStore(), twin.createStore()])
      assert.equal(new Set(ids).size, 1)
      assert.equal((await twin.call('DescribeCustomKeyStores')).CustomKeyStores.length, 1)
    } finally {
      await twin.close()
    }
  })

  test('is refused for a cluster that is not configured', async () => {
    const CloudHsmClusterId = 'cluster-22222222222'
    const text = `CloudHSM cluster ${CloudHsmClusterId} is not found.`
    const request = { CustomKeyStoreName: 'other', CloudHsmClusterId }
    await assertFails(hsm.createStore(request), 'CloudHsmClusterNotFoundException', text)
  })

  test('is CONNECTED after it was asked to be, and the password that was given no longer logs in', async () => {
    assert.ok(hsm.hsm.accepts(hsm.hsm.pin))
    const { ConnectionState, ConnectionErrorCode } = await hsm.connect(store)
    assert.deepEqual(
      { ConnectionState, ConnectionErrorCode },
      { ConnectionState: 'CONNECTED', ConnectionErrorCode: undefined },
    )
    assert.equal(hsm.hsm.accepts(hsm.hsm.pin), false)
  })

  test('connecting it again changes nothing (CS-8)', async () => {
    assert.equal((await hsm.connect(store)).ConnectionState, 'CONNECTED')
  })

  test('is not deleted while it is connected, nor given a new password', async () => {
    const text = `Custom key store ${store} is CONNECTED, which is not valid for this operation.`
    const CustomKeyStoreId = store
    const invalid = 'CustomKeyStoreInvalidStateException'
    await assertFails(hsm.call('DeleteCustomKeyStore', { CustomKeyStoreId }), invalid, text)
    // One forbidden property fails the whole request, the name too.
    const update = { CustomKeyStoreId, KeyStorePassword: 'another-pin', NewCustomKeyStoreName: 'renamed' }
    await assertFails(hsm.call('UpdateCustomKeyStore', update), invalid, text)
    assert.equal((await hsm.describe(store)).CustomKeyStoreName, 'vault')
    assert.deepEqual(await hsm.call('UpdateCustomKeyStore', { CustomKeyStoreId, NewCustomKeyStoreName: 'safe' }), {})
    assert.equal((await hsm.describe(store)).CustomKeyStoreName, 'safe')
  })

  test('with keys in it is not deleted, in whatever state they are', async () => {
    const { KeyId } = await hsm.createKey(store)
    const CustomKeyStoreId = store
    await hsm.disconnect(store)
    const text = `Custom key store ${store} contains 1 KMS keys.`
    await assertFails(hsm.call('DeleteCustomKeyStore', { CustomKeyStoreId }), 'CustomKeyStoreHasCMKsException', text)
    await hsm.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
    await assertFails(hsm.call('DeleteCustomKeyStore', { CustomKeyStoreId }), 'CustomKeyStoreHasCMKsException', text)
    await hsm.harness.clock.advance(7 * 86_400_000)
    await hsm.harness.service.jobs.runAll()
    assert.deepEqual(await hsm.call('DeleteCustomKeyStore', { CustomKeyStoreId }), {})
    const missing = `Custom key store ${store} is not found.`
    const gone = 'CustomKeyStoreNotFoundException'
    await assertFails(hsm.call('DescribeCustomKeyStores', { CustomKeyStoreId }), gone, missing)
    assert.deepEqual(await hsm.call('DescribeCustomKeyStores'), { CustomKeyStores: [], Truncated: false })
  })

  test('no record shows a password', () => {
    const lines = hsm.harness.auditLines.join('\n')
    assert.match(lines, /CreateCustomKeyStore/)
    for (const secret of [hsm.hsm.pin, 'another-password', 'another-pin']) assert.ok(!lines.includes(secret), secret)
    const created = hsm.harness.auditRecords().find(({ eventName }) => eventName === 'CreateCustomKeyStore')
    // As in AWS's example (ct-create-keystore): without the certificate.
    assert.deepEqual(created.requestParameters, { customKeyStoreName: 'vault', clusterId: hsm.hsm.clusterId })
    assert.deepEqual(created.responseElements, { customKeyStoreId: store })
    assert.equal(created.readOnly, false)
    const connected = hsm.harness.auditRecords().find(({ eventName }) => eventName === 'ConnectCustomKeyStore')
    assert.deepEqual(connected.requestParameters, { customKeyStoreId: store })
    assert.deepEqual(connected.additionalEventData, { customKeyStoreName: 'vault', clusterId: hsm.hsm.clusterId })
  })

  test('no record of an operation on stores has resources, whatever became of it (audit.md 4.3)', () => {
    const records = hsm.harness.auditRecords().filter(({ eventName }) => eventName.includes('CustomKeyStore'))
    assert.deepEqual([...new Set(records.map(({ eventName }) => eventName))].sort(), [
      'ConnectCustomKeyStore',
      'CreateCustomKeyStore',
      'DeleteCustomKeyStore',
      'DescribeCustomKeyStores',
      'DisconnectCustomKeyStore',
      'UpdateCustomKeyStore',
    ])
    assert.ok(records.some(({ errorCode }) => errorCode !== undefined))
    for (const record of records) assert.ok(!('resources' in record), record.eventName)
  })
})

describe('what SoftHSM2 refuses', { skip }, () => {
  let hsm: HsmHarness

  before(async () => {
    hsm = await createHsmHarness()
  })
  after(() => hsm.close())

  test('a certificate that is not the cluster’s makes no store', async () => {
    const text = `The trust anchor certificate is not that of CloudHSM cluster ${hsm.hsm.clusterId}.`
    const other = { TrustAnchorCertificate: hsm.hsm.certificate.replace(/[A-Za-z0-9+/]{20}\n/, `${'A'.repeat(20)}\n`) }
    await assertFails(hsm.createStore(other), 'IncorrectTrustAnchorException', text)
    // The same certificate in another spelling is the same.
    const spelled = { TrustAnchorCertificate: `Subject: token\n${hsm.hsm.certificate}\n` }
    const CustomKeyStoreId = await hsm.createStore(spelled)
    await hsm.call('DeleteCustomKeyStore', { CustomKeyStoreId })
  })

  test('a wrong password makes a store that FAILED, until it is disconnected and told the right one', async () => {
    const CustomKeyStoreId = await hsm.createStore({ KeyStorePassword: 'wrong-password' })
    const failed = await hsm.connect(CustomKeyStoreId)
    assert.equal(failed.ConnectionState, 'FAILED')
    assert.equal(failed.ConnectionErrorCode, 'INVALID_CREDENTIALS')
    const invalid = 'CustomKeyStoreInvalidStateException'
    const text = `Custom key store ${CustomKeyStoreId} is FAILED, which is not valid for this operation.`
    await assertFails(hsm.call('ConnectCustomKeyStore', { CustomKeyStoreId }), invalid, text)
    const update = { CustomKeyStoreId, KeyStorePassword: hsm.hsm.pin }
    await assertFails(hsm.call('UpdateCustomKeyStore', update), invalid, text)
    await hsm.disconnect(CustomKeyStoreId)
    const disconnected = await hsm.describe(CustomKeyStoreId)
    assert.equal(disconnected.ConnectionState, 'DISCONNECTED')
    assert.equal(disconnected.ConnectionErrorCode, undefined)
    await hsm.call('UpdateCustomKeyStore', update)
    assert.equal((await hsm.connect(CustomKeyStoreId)).ConnectionState, 'CONNECTED')
  })
})
