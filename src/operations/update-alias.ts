/** Points an alias at another key (operations.md 3.49, lifecycle.md 3.8). */
import { validationError } from '../base/errors.ts'
import { structure } from '../base/schema.ts'
import { checkAliasName, checkAliasQuota, checkAliasTarget } from '../domain/alias-rules.ts'
import type { Key } from '../domain/keys/key.ts'
import { keyTypeOf } from '../domain/keys/key-specs.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { ANY_STATE, NOT_PENDING_DELETION } from './shapes/key-states.ts'
import { aliasName, keyId } from './shapes/members.ts'

/** MAN-2: what was encrypted or signed through the alias must stay the same kind of thing. */
function checkSameKind(name: string, current: Key, target: Key): void {
  refuseOther(name, 'key usage', current.usage, target.usage)
  refuseOther(name, 'key type', keyTypeOf(current.spec), keyTypeOf(target.spec))
}

function refuseOther(name: string, what: string, old: string, given: string): void {
  if (old === given) return
  throw validationError(
    `Alias ${name} cannot be changed from a CMK with ${what} ${old} to a CMK with ${what} ${given}. ` +
      `The ${what} of the current CMK and the new CMK must be the same.`,
  )
}

export const UpdateAlias = defineChange({
  name: 'UpdateAlias',
  input: structure({ AliasName: aliasName, TargetKeyId: keyId }),
  check({ AliasName, TargetKeyId }) {
    checkAliasName(AliasName)
    checkAliasTarget(TargetKeyId)
  },
  uses: [
    { on: 'alias', aliasName: ({ AliasName }) => AliasName, permission: 'kms:UpdateAlias' },
    {
      on: 'key',
      locate: ({ AliasName }) => ({ by: 'alias target', aliasName: AliasName }),
      permission: 'kms:UpdateAlias',
      keyStates: ANY_STATE,
      isUnrecorded: true,
    },
    {
      on: 'key',
      locate: ({ TargetKeyId }) => keyNamed(TargetKeyId),
      permission: 'kms:UpdateAlias',
      keyStates: NOT_PENDING_DELETION,
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ AliasName, TargetKeyId }) => ({ aliasName: AliasName, targetKeyId: TargetKeyId }),
    response: (_output, keyArn) => ({ keyId: keyArn }),
  },
  async handler(_input, { resources: [{ aliasName }, { key: current }, { key: target }], call, change, quotas }) {
    checkSameKind(aliasName, current, target)
    if (target.keyId !== current.keyId) await checkAliasQuota(change, target, quotas)
    const alias = await change.findAlias({ account: target.account, region: target.region, aliasName })
    // The pipeline found it in this transaction.
    await change.updateAlias({ ...alias!, keyId: target.keyId, updatedAt: call.time })
  },
})
