/** The tags of a key (operations.md 3.37). */
import { structure } from '../base/schema.ts'
import type { Tag } from '../domain/keys/key.ts'
import { defineOperation, keyNamed } from '../pipeline/operation.ts'
import { ANY_STATE } from './shapes/key-states.ts'
import { keyId, limit, marker } from './shapes/members.ts'
import { invalidMarker, page, pageLimit, pageStart } from './shapes/pagination.ts'
import { toWireTags } from './shapes/tags.ts'

/**
 * Tags have no order of their own, so a page begins with a tag that must still be there. The marker names that one, not the last of the page before:
 * a client may take away the tags of a page and go on.
 */
function tagsFrom(tags: readonly Tag[], key: string | undefined): readonly Tag[] {
  if (key === undefined) return tags
  const index = tags.findIndex((tag) => tag.key === key)
  if (index === -1) throw invalidMarker()
  return tags.slice(index)
}

export const ListResourceTags = defineOperation({
  name: 'ListResourceTags',
  input: structure({ KeyId: keyId, Limit: limit, Marker: marker }),
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:ListResourceTags',
      keyStates: ANY_STATE,
    },
  ],
  audit: {
    readOnly: true,
    parameters: ({ KeyId, Limit, Marker }) => ({ keyId: KeyId, limit: Limit, marker: Marker }),
  },
  handler(input, { resources: [{ key }] }) {
    const scope = ['ListResourceTags', key.arn]
    const rest = tagsFrom(key.tags, pageStart(input, scope))
    const { items, end } = page(rest, pageLimit(input, 50, 50), scope, (_last, next) => next.key)
    return { Tags: toWireTags(items), ...end }
  },
})
