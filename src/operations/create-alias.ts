/** Gives a key a name (operations.md 3.3). */
import { KmsError } from '../base/errors.ts'
import { structure } from '../base/schema.ts'
import { checkAliasQuota, checkAliasTarget, checkNewAliasName } from '../domain/alias-rules.ts'
import { isDeleted } from '../domain/keys/key.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { NOT_PENDING_DELETION } from './shapes/key-states.ts'
import { aliasName, keyId } from './shapes/members.ts'

export const CreateAlias = defineChange({
  name: 'CreateAlias',
  input: structure({ AliasName: aliasName, TargetKeyId: keyId }),
  check({ AliasName, TargetKeyId }) {
    checkNewAliasName(AliasName)
    checkAliasTarget(TargetKeyId)
  },
  uses: [
    { on: 'alias', aliasName: ({ AliasName }) => AliasName, permission: 'kms:CreateAlias' },
    {
      on: 'key',
      locate: ({ TargetKeyId }) => keyNamed(TargetKeyId),
      permission: 'kms:CreateAlias',
      keyStates: NOT_PENDING_DELETION,
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ AliasName, TargetKeyId }) => ({ aliasName: AliasName, targetKeyId: TargetKeyId }),
    response: (_output, keyArn) => ({ keyId: keyArn }),
  },
  async handler(_input, { resources: [{ aliasName, arn }, { key }], call, change, quotas }) {
    const { account, region } = key
    const name = { account, region, aliasName }
    const taken = await change.findAlias(name)
    if (taken !== undefined) {
      const target = await change.findKey({ account, region, keyId: taken.keyId })
      if (target !== undefined && !isDeleted(target, call.time)) {
        throw new KmsError('AlreadyExistsException', `An alias with the name ${arn} already exists`)
      }
      // Its key is gone, so it is gone too (lifecycle.md DEL-8); the eraser has not come by yet.
      await change.deleteAlias(name)
    }
    await checkAliasQuota(change, key, quotas)
    await change.insertAlias({ ...name, keyId: key.keyId, createdAt: call.time, updatedAt: call.time })
  },
})
