/** Forgets a custom key store; nothing in the HSM or the key manager is touched (operations.md 3.9, keystores.md OP-5). */
import { KmsError } from '../base/errors.ts'
import { structure } from '../base/schema.ts'
import { invalidStoreState } from '../domain/key-stores/key-store-errors.ts'
import { defineChange } from '../pipeline/operation.ts'
import { keyStoreUse, noteStore, storeId, storeNamed } from './shapes/key-stores.ts'

export const DeleteCustomKeyStore = defineChange({
  name: 'DeleteCustomKeyStore',
  input: structure({ CustomKeyStoreId: storeId }),
  uses: [keyStoreUse('kms:DeleteCustomKeyStore')],
  audit: { readOnly: false, parameters: ({ CustomKeyStoreId }) => ({ customKeyStoreId: CustomKeyStoreId }) },
  async handler(input, context) {
    const { change, additionalEventData } = context
    const store = await storeNamed(change, context, input)
    noteStore(additionalEventData, store)
    const count = await change.countKeysInStore(store)
    if (count > 0) {
      const text = `Custom key store ${store.storeId} contains ${count} KMS keys.`
      throw new KmsError('CustomKeyStoreHasCMKsException', text)
    }
    if (store.connectionState !== 'DISCONNECTED') throw invalidStoreState(store)
    await change.deleteKeyStore(store)
    return {}
  },
})
