/** Takes a grant away, by an administrator of its key (operations.md 3.43, authorization.md 4.6). */
import { notFound } from '../base/errors.ts'
import { structure } from '../base/schema.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { checkGrantId, grantId } from './shapes/grants.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { dryRun, keyId } from './shapes/members.ts'

export const RevokeGrant = defineChange({
  name: 'RevokeGrant',
  input: structure({ KeyId: keyId, GrantId: grantId, DryRun: dryRun }),
  check({ GrantId }) {
    checkGrantId(GrantId)
  },
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:RevokeGrant',
      keyStates: ANY_STATE,
      crossAccount: true,
      managesGrants: true,
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId, GrantId }) => ({ keyId: KeyId, grantId: GrantId }),
  },
  async handler({ GrantId }, { resources: [{ key }], change }) {
    const { account, region, keyId } = key
    const wasThere = await change.deleteGrant({ account, region, keyId, grantId: GrantId })
    if (!wasThere) throw notFound(`Grant ID ${GrantId} not found`)
  },
})
