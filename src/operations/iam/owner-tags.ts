/** TagUser, TagRole, UntagUser, UntagRole, ListUserTags, ListRoleTags. */
import { checkAddedTags, withIdentityTags, withoutIdentityTags } from '../../domain/identity/identity-tags.ts'
import type { Tag } from '../../domain/keys/key.ts'
import type { Change } from '../../domain/store.ts'
import { defineChange, defineOperation } from '../../pipeline/operation.ts'
import {
  auditedIamTags,
  fromIamTags,
  iamTagConditions,
  iamTagKeys,
  iamTags,
  sortedIamTags,
} from '../shapes/iam-members.ts'
import {
  locateOwner,
  type OwnerType,
  ownerName,
  ownerStructure,
  ROLE,
  requireOwner,
  USER,
} from '../shapes/iam-owners.ts'
import { iamPageByPosition, pageMembers } from '../shapes/iam-paging.ts'
import { requireRole } from '../shapes/iam-roles.ts'
import { requireUser } from '../shapes/iam-users.ts'

async function changeTags(
  type: OwnerType,
  change: Change,
  account: string,
  name: string,
  changed: (present: readonly Tag[]) => readonly Tag[],
): Promise<void> {
  if (type.kind === 'user') {
    const user = await requireUser(change, account, name)
    await change.updateUser({ ...user, tags: changed(user.tags) })
  } else {
    const role = await requireRole(change, account, { RoleName: name })
    await change.updateRole({ ...role, tags: changed(role.tags) })
  }
}

function defineTag(type: OwnerType) {
  const name = `Tag${type.noun}`
  return defineChange({
    service: 'iam',
    name,
    input: ownerStructure(type, { Tags: iamTags }),
    uses: [
      {
        on: 'entity',
        locate: (input, lookup) => locateOwner(type, ownerName(type, input), lookup),
        permission: `iam:${name}`,
        conditionKeys: ({ Tags }) => iamTagConditions(Tags),
      },
    ],
    audit: {
      readOnly: false,
      parameters: (input) => ({ [type.auditMember]: ownerName(type, input), tags: auditedIamTags(input.Tags) }),
    },
    async handler(input, { call, change }) {
      const given = fromIamTags(input.Tags)
      checkAddedTags(given, 'ignores case')
      await changeTags(type, change, call.principal.account, ownerName(type, input), (present) =>
        withIdentityTags(present, given, 'ignores case'),
      )
    },
  })
}

function defineUntag(type: OwnerType) {
  const name = `Untag${type.noun}`
  return defineChange({
    service: 'iam',
    name,
    input: ownerStructure(type, { TagKeys: iamTagKeys }),
    uses: [
      {
        on: 'entity',
        locate: (input, lookup) => locateOwner(type, ownerName(type, input), lookup),
        permission: `iam:${name}`,
        conditionKeys: ({ TagKeys }) => ({ 'aws:TagKeys': TagKeys }),
      },
    ],
    audit: {
      readOnly: false,
      parameters: (input) => ({ [type.auditMember]: ownerName(type, input), tagKeys: input.TagKeys }),
    },
    async handler(input, { call, change }) {
      await changeTags(type, change, call.principal.account, ownerName(type, input), (present) =>
        withoutIdentityTags(present, input.TagKeys, 'ignores case'),
      )
    },
  })
}

function defineListTags(type: OwnerType) {
  const name = `List${type.noun}Tags`
  return defineOperation({
    service: 'iam',
    name,
    input: ownerStructure(type, pageMembers),
    uses: [
      {
        on: 'entity',
        locate: (input, lookup) => locateOwner(type, ownerName(type, input), lookup),
        permission: `iam:${name}`,
      },
    ],
    audit: {
      readOnly: true,
      parameters: (input) => ({
        [type.auditMember]: ownerName(type, input),
        marker: input.Marker,
        maxItems: input.MaxItems,
      }),
    },
    async handler(input, { call, store }) {
      const { tags } = await requireOwner(type, store, call.principal.account, ownerName(type, input))
      const { items, end } = iamPageByPosition(input, name, sortedIamTags(tags))
      return { Tags: items, ...end }
    },
  })
}

export const TagUser = defineTag(USER)
export const TagRole = defineTag(ROLE)
export const UntagUser = defineUntag(USER)
export const UntagRole = defineUntag(ROLE)
export const ListUserTags = defineListTags(USER)
export const ListRoleTags = defineListTags(ROLE)
