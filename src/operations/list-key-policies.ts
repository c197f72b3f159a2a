/** The names of a key's policies: one, always the same (operations.md 3.34, lifecycle.md POL-8). */
import { structure } from '../base/schema.ts'
import { POLICY_NAME } from '../domain/policy/key-policy.ts'
import { defineOperation, keyNamed } from '../pipeline/operation.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { keyId, limit, marker } from './shapes/members.ts'
import { invalidMarker } from './shapes/pagination.ts'

export const ListKeyPolicies = defineOperation({
  name: 'ListKeyPolicies',
  input: structure({ KeyId: keyId, Limit: limit, Marker: marker }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:ListKeyPolicies',
      keyStates: ANY_STATE,
    },
  ],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, Limit, Marker }) => ({ keyId: KeyId, limit: Limit, marker: Marker }),
  },
  handler({ Marker }) {
    // There is never a second page.
    if (Marker !== undefined) throw invalidMarker()
    return { PolicyNames: [POLICY_NAME], Truncated: false }
  },
})
