/** Adds tags to a key, or changes them (operations.md 3.47). */
import { structure } from '../base/schema.ts'
import { checkTags, withTags } from '../domain/keys/tags.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { NOT_PENDING_DELETION } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'
import { auditedTags, requestTagConditions, tags, toTags } from './shapes/tags.ts'

export const TagResource = defineChange({
  name: 'TagResource',
  input: structure({ KeyId: keyId, Tags: tags }),
  check: ({ Tags }) => checkTags(toTags(Tags)),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:TagResource',
      keyStates: NOT_PENDING_DELETION,
      conditionKeys: ({ Tags }) => requestTagConditions(Tags),
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId, Tags }) => ({ keyId: KeyId, tags: auditedTags(Tags) }),
    response: (_output, keyArn) => ({ keyId: keyArn }),
  },
  async handler({ Tags }, { resources: [{ key }], change }) {
    await change.updateKey({ ...key, tags: withTags(key.tags, toTags(Tags)) })
  },
})
