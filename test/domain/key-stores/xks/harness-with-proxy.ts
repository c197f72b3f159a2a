/** A service in this process with an external key store, and its proxy. */
import type { Log } from '../../../../src/base/log.ts'
import {
  type Answer,
  createHarness,
  type Harness,
  type HarnessOptions,
  REGION,
  START_TIME,
} from '../../../support/harness.ts'
import { PROXY_ENDPOINT, placeOf, startXksProxy, storeOf, type XksProxy } from '../../../support/xks-proxy.ts'

export interface HarnessWithProxy extends Harness {
  readonly proxy: XksProxy
  /** Of the store that has been made and connected. */
  readonly storeId: string
  /** Waits until the store is on its way no more. */
  settled(storeId?: string, region?: string): Promise<Answer>
  newKey(externalId: string): Promise<Answer>
}

export interface ProxyWishes {
  readonly timeoutMs?: number
  /** How long the proxy's certificate is valid. */
  readonly days?: number
  readonly log?: Log
  readonly metrics?: HarnessOptions['metrics']
  /** What else the operator says. */
  readonly network?: (proxy: XksProxy) => object
}

/** The clocks of both stand still, so they agree. */
export async function createHarnessWithProxy({
  timeoutMs,
  days,
  log,
  metrics,
  network,
}: ProxyWishes = {}): Promise<HarnessWithProxy> {
  const proxy = await startXksProxy({
    ...(days !== undefined && { days }),
    now: () => harness?.clock.now() ?? START_TIME,
  })
  const endpoints = { [PROXY_ENDPOINT]: placeOf(proxy, timeoutMs) }
  const externalKeyStores = { endpoints, services: {}, ...network?.(proxy) }
  const harness: Harness = await createHarness({ externalKeyStores, ...(log && { log }), ...(metrics && { metrics }) })
  const { CustomKeyStoreId } = await harness.call('CreateCustomKeyStore', storeOf('orders'))

  async function settled(storeId: string = CustomKeyStoreId, region = REGION): Promise<Answer> {
    for (;;) {
      const body = { CustomKeyStoreId: storeId }
      const { CustomKeyStores } = await harness.call('DescribeCustomKeyStores', body, { region })
      if (!CustomKeyStores[0].ConnectionState.endsWith('ING')) return CustomKeyStores[0]
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  await harness.call('ConnectCustomKeyStore', { CustomKeyStoreId })
  await settled()
  return {
    ...harness,
    get auditLines() {
      return harness.auditLines
    },
    proxy,
    storeId: CustomKeyStoreId,
    settled,
    async newKey(externalId) {
      if (!proxy.keys.has(externalId)) proxy.addKey(externalId)
      const where = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId, XksKeyId: externalId }
      return (await harness.call('CreateKey', where)).KeyMetadata
    },
    async close() {
      await harness.close()
      await proxy.close()
    },
  }
}
