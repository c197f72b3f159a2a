/** Keys in custom key stores, as the console shows what DescribeKey says of them. */
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import {
  ConnectCustomKeyStoreCommand,
  CreateCustomKeyStoreCommand,
  CreateKeyCommand,
  DescribeCustomKeyStoresCommand,
  DisconnectCustomKeyStoreCommand,
} from '@aws-sdk/client-kms'
import { PROXY_ENDPOINT, placeOf, startXksProxy, storeOf, type XksProxy } from '../support/xks-proxy.ts'
import { WITHOUT_CHROMIUM as skip } from './chromium.ts'
import { openKey, says, setStage, signIn } from './console-page.ts'

let proxy: XksProxy | undefined
const stage = setStage(async () => {
  proxy = await startXksProxy()
  return { externalKeyStores: { endpoints: { [PROXY_ENDPOINT]: placeOf(proxy) }, services: {} } }
})
after(() => proxy?.close())

async function settled(CustomKeyStoreId: string): Promise<void> {
  for (;;) {
    const { CustomKeyStores } = await stage.kms.send(new DescribeCustomKeyStoresCommand({ CustomKeyStoreId }))
    if (!CustomKeyStores![0]!.ConnectionState!.endsWith('ING')) return
    await pause(10)
  }
}

test('a key in an external key store says where it is, and why it cannot be used', { skip }, async (context) => {
  const { CustomKeyStoreId } = await stage.kms.send(new CreateCustomKeyStoreCommand(storeOf('orders')))
  await stage.kms.send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId }))
  await settled(CustomKeyStoreId!)
  proxy!.addKey('orders-2026')
  const where = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId, XksKeyId: 'orders-2026' } as const
  const { KeyMetadata } = await stage.kms.send(new CreateKeyCommand(where))
  const page = await stage.open(context)
  await signIn(page)
  await openKey(page, KeyMetadata!.KeyId!, 'technicalDetails')
  await says(page, CustomKeyStoreId!)
  await says(page, 'orders-2026')

  await stage.kms.send(new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId }))
  await settled(CustomKeyStoreId!)
  await page.reload()
  await says(page, 'This key cannot be used now')
  await says(page, `Its custom key store ${CustomKeyStoreId} is not connected.`)
})
