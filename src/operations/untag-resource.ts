/** Removes tags from a key (operations.md 3.48). */
import { list, structure } from '../base/schema.ts'
import { checkTagKeys, withoutTags } from '../domain/keys/tags.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { NOT_PENDING_DELETION } from './shapes/key-states.ts'
import { keyId } from './shapes/members.ts'
import { tagKey } from './shapes/tags.ts'

export const UntagResource = defineChange({
  name: 'UntagResource',
  input: structure({ KeyId: keyId, TagKeys: list(tagKey) }),
  check: ({ TagKeys }) => checkTagKeys(TagKeys),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:UntagResource',
      keyStates: NOT_PENDING_DELETION,
      conditionKeys: ({ TagKeys }) => ({ 'aws:TagKeys': TagKeys }),
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ KeyId, TagKeys }) => ({ keyId: KeyId, tagKeys: TagKeys }),
    response: (_output, keyArn) => ({ keyId: keyArn }),
  },
  async handler({ TagKeys }, { resources: [{ key }], change }) {
    await change.updateKey({ ...key, tags: withoutTags(key.tags, TagKeys) })
  },
})
