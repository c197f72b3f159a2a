/** Gives a grant up, by a party to it (operations.md 3.42, authorization.md 4.6). */
import { validationError } from '../base/errors.ts'
import { optional, structure } from '../base/schema.ts'
import { defineChange } from '../pipeline/operation.ts'
import { checkGrantId, grantId } from './shapes/grants.ts'
import { dryRun, grantToken, keyId } from './shapes/members.ts'

export const RetireGrant = defineChange({
  name: 'RetireGrant',
  input: structure({
    GrantToken: optional(grantToken),
    KeyId: optional(keyId),
    GrantId: optional(grantId),
    DryRun: dryRun,
  }),
  check({ GrantToken, KeyId, GrantId }) {
    const isByToken = GrantToken !== undefined && KeyId === undefined && GrantId === undefined
    const isById = GrantToken === undefined && KeyId !== undefined && GrantId !== undefined
    if (!isByToken && !isById) throw validationError('Grant token OR (grant ID, key ID) must be specified')
    if (GrantId !== undefined) checkGrantId(GrantId)
  },
  uses: [
    {
      on: 'grant',
      locate: ({ GrantToken, KeyId, GrantId }) =>
        GrantToken === undefined ? { by: 'id', key: KeyId!, grantId: GrantId! } : { by: 'token', token: GrantToken },
      permission: 'kms:RetireGrant',
    },
  ],
  audit: { readOnly: false },
  async handler(_input, { resources: [{ grant }], change, additionalEventData }) {
    additionalEventData.grantId = grant.grantId
    await change.deleteGrant(grant)
  },
})
