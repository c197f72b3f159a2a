/** Random bytes (operations.md 3.25). */
import { validationError } from '../base/errors.ts'
import { integer, optional, structure } from '../base/schema.ts'
import { invalidStoreState, withoutGenerator } from '../domain/key-stores/key-store-errors.ts'
import { type AccountUse, defineOperation, type HandlerContext } from '../pipeline/operation.ts'
import { storeNamed } from './shapes/key-stores.ts'
import { customKeyStoreId } from './shapes/members.ts'
import { handOver, recipient } from './shapes/recipient.ts'

type Context = HandlerContext<readonly [AccountUse<never>]>

function answer(bytes: Buffer, recipient: Context['recipient']) {
  const { plain, enveloped } = handOver(bytes, recipient)
  return { Plaintext: plain, CiphertextForRecipient: enveloped }
}

/** KS-6. */
async function randomFromStore(named: { readonly CustomKeyStoreId: string }, length: number, context: Context) {
  const { store: records, keyStores, recipient, additionalEventData } = context
  additionalEventData.customKeyStoreId = named.CustomKeyStoreId
  const store = await storeNamed(records, context, named)
  if (store.type !== 'AWS_CLOUDHSM') throw withoutGenerator(store)
  if (store.connectionState !== 'CONNECTED') throw invalidStoreState(store)
  return answer(await keyStores.randomBytes(store, length), recipient)
}

export const GenerateRandom = defineOperation({
  name: 'GenerateRandom',
  input: structure({
    NumberOfBytes: optional(integer(1, 1024)),
    CustomKeyStoreId: customKeyStoreId,
    Recipient: recipient,
  }),
  check(input) {
    if (input.NumberOfBytes === undefined) throw validationError('NumberOfBytes is required.')
  },
  uses: [{ on: 'account', permission: 'kms:GenerateRandom' }],
  audit: { readOnly: true },
  handler(input, context) {
    const { NumberOfBytes, CustomKeyStoreId } = input
    const { random, recipient } = context
    if (CustomKeyStoreId !== undefined) return randomFromStore({ CustomKeyStoreId }, NumberOfBytes!, context)
    return answer(random.keyBytes(NumberOfBytes!), recipient)
  },
})
