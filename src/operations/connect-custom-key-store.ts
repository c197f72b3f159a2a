/** Has a custom key store connected, which happens after the answer (operations.md 3.2, keystores.md OP-2). */
import { structure } from '../base/schema.ts'
import type { CustomKeyStore } from '../domain/key-stores/custom-key-store.ts'
import { invalidStoreState } from '../domain/key-stores/key-store-errors.ts'
import { defineChange } from '../pipeline/operation.ts'
import { keyStoreUse, noteStore, storeId, storeNamed } from './shapes/key-stores.ts'

/** CS-8: it is, or will be, as asked. @throws {KmsError} CS-6, CS-7. */
function isOnItsWay(store: CustomKeyStore): boolean {
  const { connectionState: state } = store
  if (state === 'FAILED' || state === 'DISCONNECTING') throw invalidStoreState(store)
  return state !== 'DISCONNECTED'
}

export const ConnectCustomKeyStore = defineChange({
  name: 'ConnectCustomKeyStore',
  input: structure({ CustomKeyStoreId: storeId }),
  uses: [keyStoreUse('kms:ConnectCustomKeyStore')],
  audit: { readOnly: false, parameters: ({ CustomKeyStoreId }) => ({ customKeyStoreId: CustomKeyStoreId }) },
  async prepare(input, context): Promise<void> {
    const { store: records, keyStores, additionalEventData } = context
    const store = await storeNamed(records, context, input)
    noteStore(additionalEventData, store)
    if (!isOnItsWay(store)) await keyStores.backendOf(store.type).checkConnectable(store)
  },
  async handler(input, context) {
    const { change } = context
    const store = await storeNamed(change, context, input)
    if (isOnItsWay(store)) return {}
    await change.updateKeyStore({ ...store, connectionState: 'CONNECTING', attempt: store.attempt + 1 })
    return {}
  },
})
