/** Makes a replica the primary of its multi-Region set, and the primary a replica (operations.md 3.52, lifecycle.md 6.2). */
import { validationError } from '../base/errors.ts'
import { structure } from '../base/schema.ts'
import { changePrimary } from '../domain/keys/primary-region.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { USABLE } from './shapes/key-states.ts'
import { keyId, region } from './shapes/members.ts'

/** The roles change at once, in all Regions: no key is ever seen Updating. */
export const UpdatePrimaryRegion = defineChange({
  name: 'UpdatePrimaryRegion',
  input: structure({ KeyId: keyId, PrimaryRegion: region }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:UpdatePrimaryRegion',
      primaryOnly: 'KMSInvalidStateException',
      keyStates: USABLE,
      conditionKeys: ({ PrimaryRegion }) => ({ 'kms:PrimaryRegion': PrimaryRegion }),
    },
    {
      on: 'key',
      locate: ({ KeyId, PrimaryRegion }) => ({ by: 'replica', of: KeyId, region: PrimaryRegion }),
      permission: 'kms:UpdatePrimaryRegion',
      keyStates: USABLE,
      conditionKeys: ({ PrimaryRegion }) => ({ 'kms:PrimaryRegion': PrimaryRegion }),
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId, PrimaryRegion }) => ({ keyId: KeyId, primaryRegion: PrimaryRegion }),
    response: (_output, keyArn) => ({ keyId: keyArn }),
    elsewhere({ PrimaryRegion }, _output, [, replica]) {
      if (replica === undefined) return undefined
      const { arn: keyArn, region } = replica
      const parameters = { keyId: keyArn, primaryRegion: PrimaryRegion }
      return { eventName: 'UpdatePrimaryRegion', region, parameters, response: { keyId: keyArn }, keyArn }
    },
  },
  async handler({ PrimaryRegion }, { resources: [{ key: primary }, replica], change, recordEvent }) {
    if (PrimaryRegion === primary.region) return
    // Not every Region has one.
    if (replica === undefined) {
      throw validationError(`${primary.keyId} does not have a replica key in the specified Region.`)
    }
    recordEvent(await changePrimary(change, primary, replica.key))
  },
})
