/** Custom key stores over a real SoftHSM2, below the wire. */
import assert from 'node:assert/strict'
import { type Answer, createHarness, type Harness, type HarnessOptions } from '../support/harness.ts'
import { createSoftHsm, type SoftHsm, type SoftHsmOptions } from '../support/softhsm.ts'

export interface HsmHarness {
  readonly hsm: SoftHsm
  readonly harness: Harness
  call(operation: string, body?: object): Promise<Answer>
  createStore(overrides?: object): Promise<string>
  /** Resolves when the connection has been made, or has failed. */
  connect(CustomKeyStoreId: string): Promise<Answer>
  disconnect(CustomKeyStoreId: string): Promise<void>
  describe(CustomKeyStoreId: string): Promise<Answer>
  createKey(CustomKeyStoreId: string): Promise<Answer>
  /** A CONNECTED store. */
  connectedStore(): Promise<string>
  close(): Promise<void>
}

export async function createHsmHarness(options: SoftHsmOptions = {}, more: HarnessOptions = {}): Promise<HsmHarness> {
  const hsm = createSoftHsm(options)
  const harness = await createHarness({ hsmClusters: [hsm.cluster], ...more })
  const call = (operation: string, body?: object) => harness.call(operation, body)
  const settled = () => harness.service.keyStoreConnector.look()

  async function createStore(overrides: object = {}): Promise<string> {
    const request = {
      CustomKeyStoreName: 'vault',
      CloudHsmClusterId: hsm.clusterId,
      TrustAnchorCertificate: hsm.certificate,
      KeyStorePassword: hsm.pin,
      ...overrides,
    }
    return (await call('CreateCustomKeyStore', request)).CustomKeyStoreId
  }

  async function describe(CustomKeyStoreId: string): Promise<Answer> {
    const { CustomKeyStores } = await call('DescribeCustomKeyStores', { CustomKeyStoreId })
    return CustomKeyStores[0]
  }

  async function connect(CustomKeyStoreId: string): Promise<Answer> {
    assert.deepEqual(await call('ConnectCustomKeyStore', { CustomKeyStoreId }), {})
    await settled()
    return describe(CustomKeyStoreId)
  }

  return {
    hsm,
    harness,
    call,
    createStore,
    connect,
    describe,
    async disconnect(CustomKeyStoreId) {
      assert.deepEqual(await call('DisconnectCustomKeyStore', { CustomKeyStoreId }), {})
      await settled()
    },
    async createKey(CustomKeyStoreId) {
      return (await call('CreateKey', { Origin: 'AWS_CLOUDHSM', CustomKeyStoreId })).KeyMetadata
    },
    async connectedStore() {
      const store = await createStore()
      assert.equal((await connect(store)).ConnectionState, 'CONNECTED')
      return store
    },
    async close() {
      await harness.close()
      hsm.close()
    },
  }
}
