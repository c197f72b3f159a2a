/** Replaces a key's policy (operations.md 3.39). */
import { KmsError } from '../base/errors.ts'
import { boolean, optional, structure } from '../base/schema.ts'
import { POLICY_NAME } from '../domain/policy/key-policy.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { withPolicy } from './shapes/key-policy.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { keyId, policyName, policyText } from './shapes/members.ts'

export const PutKeyPolicy = defineChange({
  name: 'PutKeyPolicy',
  input: structure({
    KeyId: keyId,
    PolicyName: policyName,
    Policy: policyText,
    BypassPolicyLockoutSafetyCheck: optional(boolean()),
  }),
  check({ PolicyName = POLICY_NAME }) {
    if (PolicyName === POLICY_NAME) return
    throw new KmsError('UnsupportedOperationException', 'Only default policy is supported')
  },
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:PutKeyPolicy',
      keyStates: ANY_STATE,
      conditionKeys: ({ BypassPolicyLockoutSafetyCheck }) => ({
        'kms:BypassPolicyLockoutSafetyCheck': BypassPolicyLockoutSafetyCheck?.toString(),
      }),
    },
  ],
  audit: {
    readOnly: false,
    parameters: (input) => ({
      keyId: input.KeyId,
      policyName: input.PolicyName ?? POLICY_NAME,
      policy: input.Policy,
      bypassPolicyLockoutSafetyCheck: input.BypassPolicyLockoutSafetyCheck ?? false,
    }),
  },
  async handler(input, context) {
    const [{ key }] = context.resources
    await context.change.updateKey(await withPolicy(key, input, context))
  },
})
