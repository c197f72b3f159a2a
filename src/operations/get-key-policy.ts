/** A key's policy (operations.md 3.27). */
import { notFound } from '../base/errors.ts'
import { structure } from '../base/schema.ts'
import { shownKeyPolicy } from '../domain/keys/written-policy.ts'
import { POLICY_NAME } from '../domain/policy/key-policy.ts'
import { defineOperation, keyNamed } from '../pipeline/operation.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { keyId, policyName } from './shapes/members.ts'

export const GetKeyPolicy = defineOperation({
  name: 'GetKeyPolicy',
  input: structure({ KeyId: keyId, PolicyName: policyName }),
  uses: [{ on: 'key', locate: ({ KeyId }) => keyNamed(KeyId), permission: 'kms:GetKeyPolicy', keyStates: ANY_STATE }],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, PolicyName }) => ({ keyId: KeyId, policyName: PolicyName }),
  },
  async handler({ PolicyName = POLICY_NAME }, { resources: [{ key }], store }) {
    if (PolicyName !== POLICY_NAME) throw notFound('No such policy exists')
    return { Policy: await shownKeyPolicy(key, store), PolicyName: POLICY_NAME }
  },
})
