/** Has a custom key store disconnected; its keys are unusable from now on (operations.md 3.16, keystores.md OP-3). */
import { structure } from '../base/schema.ts'
import { invalidStoreState } from '../domain/key-stores/key-store-errors.ts'
import { defineChange } from '../pipeline/operation.ts'
import { keyStoreUse, noteStore, storeId, storeNamed } from './shapes/key-stores.ts'

export const DisconnectCustomKeyStore = defineChange({
  name: 'DisconnectCustomKeyStore',
  input: structure({ CustomKeyStoreId: storeId }),
  uses: [keyStoreUse('kms:DisconnectCustomKeyStore')],
  audit: { readOnly: false, parameters: ({ CustomKeyStoreId }) => ({ customKeyStoreId: CustomKeyStoreId }) },
  async handler(input, context) {
    const { change, additionalEventData } = context
    const store = await storeNamed(change, context, input)
    noteStore(additionalEventData, store)
    const { connectionState: state } = store
    // CS-9.
    if (state === 'DISCONNECTED' || state === 'DISCONNECTING') throw invalidStoreState(store)
    await change.updateKeyStore({ ...store, connectionState: 'DISCONNECTING', connectionErrorCode: undefined })
    return {}
  },
})
