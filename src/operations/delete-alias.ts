/** Takes a name away from a key (operations.md 3.8). */
import { structure } from '../base/schema.ts'
import { checkAliasName } from '../domain/alias-rules.ts'
import { defineChange } from '../pipeline/operation.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { aliasName } from './shapes/members.ts'

export const DeleteAlias = defineChange({
  name: 'DeleteAlias',
  input: structure({ AliasName: aliasName }),
  check: ({ AliasName }) => checkAliasName(AliasName),
  uses: [
    { on: 'alias', aliasName: ({ AliasName }) => AliasName, permission: 'kms:DeleteAlias' },
    {
      on: 'key',
      locate: ({ AliasName }) => ({ by: 'alias target', aliasName: AliasName }),
      permission: 'kms:DeleteAlias',
      keyStates: ANY_STATE,
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ AliasName }) => ({ aliasName: AliasName }),
    response: (_output, keyArn) => ({ keyId: keyArn }),
  },
  async handler(_input, { resources: [{ aliasName }, { key }], change }) {
    await change.deleteAlias({ account: key.account, region: key.region, aliasName })
  },
})
