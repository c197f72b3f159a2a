/** Random bytes (operations.md 3.25). */
import { KmsError, validationError } from '../base/errors.ts'
import { integer, optional, structure } from '../base/schema.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { customKeyStoreId } from './shapes/members.ts'
import { recipient, refuseRecipient } from './shapes/recipient.ts'

export const GenerateRandom = defineOperation({
  name: 'GenerateRandom',
  input: structure({
    NumberOfBytes: optional(integer(1, 1024)),
    CustomKeyStoreId: customKeyStoreId,
    Recipient: recipient,
  }),
  check(input) {
    if (input.NumberOfBytes === undefined) throw validationError('NumberOfBytes is required.')
    refuseRecipient(input)
  },
  uses: [{ on: 'account', permission: 'kms:GenerateRandom' }],
  audit: { readOnly: true },
  handler({ NumberOfBytes, CustomKeyStoreId }, { random }) {
    // There are no custom key stores yet, so whichever is named does not exist (docs/divergences.md).
    if (CustomKeyStoreId !== undefined) {
      throw new KmsError('CustomKeyStoreNotFoundException', `Custom key store ${CustomKeyStoreId} is not found.`)
    }
    const bytes = random.keyBytes(NumberOfBytes!)
    const output = { Plaintext: bytes.toString('base64') }
    bytes.fill(0)
    return output
  },
})
