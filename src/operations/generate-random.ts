/** Random bytes (operations.md 3.25). */
import { KmsError, validationError } from '../base/errors.ts'
import { integer, optional, structure } from '../base/schema.ts'
import { defineOperation } from '../pipeline/operation.ts'
import { customKeyStoreId } from './shapes/members.ts'
import { recipient, secretMember } from './shapes/recipient.ts'

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
  handler({ NumberOfBytes, CustomKeyStoreId }, { random, recipient }) {
    // There are no custom key stores yet, so whichever is named does not exist (docs/divergences.md).
    if (CustomKeyStoreId !== undefined) {
      throw new KmsError('CustomKeyStoreNotFoundException', `Custom key store ${CustomKeyStoreId} is not found.`)
    }
    return secretMember('Plaintext', random.keyBytes(NumberOfBytes!), recipient)
  },
})
