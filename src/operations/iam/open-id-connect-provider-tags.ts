/** Tags of OpenID Connect providers. */
import { structure } from '../../base/schema.ts'
import {
  checkAddedTags,
  requireSome,
  withIdentityTags,
  withoutIdentityTags,
} from '../../domain/identity/identity-tags.ts'
import { defineChange, defineOperation } from '../../pipeline/operation.ts'
import {
  auditedIamTags,
  fromIamTags,
  iamTagConditions,
  iamTagKeys,
  iamTags,
  sortedIamTags,
} from '../shapes/iam-members.ts'
import { checkProviderArn, locateProvider, providerMembers, requireProvider } from '../shapes/iam-oidc-providers.ts'
import { iamPageByPosition, pageMembers } from '../shapes/iam-paging.ts'

export const TagOpenIDConnectProvider = defineChange({
  service: 'iam',
  name: 'TagOpenIDConnectProvider',
  input: structure({ ...providerMembers, Tags: iamTags }),
  check: (input) => checkProviderArn(input),
  uses: [
    {
      on: 'entity',
      locate: locateProvider,
      permission: 'iam:TagOpenIDConnectProvider',
      conditionKeys: ({ Tags }) => iamTagConditions(Tags),
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ OpenIDConnectProviderArn, Tags }) => ({
      openIDConnectProviderArn: OpenIDConnectProviderArn,
      tags: auditedIamTags(Tags),
    }),
  },
  async handler(input, { call, change }) {
    const provider = await requireProvider(change, call.principal.account, input)
    const given = fromIamTags(input.Tags)
    checkAddedTags(given, 'minds case')
    const tags = withIdentityTags(provider.tags, given, 'minds case')
    await change.updateOidcProvider({ ...provider, tags })
  },
})

export const UntagOpenIDConnectProvider = defineChange({
  service: 'iam',
  name: 'UntagOpenIDConnectProvider',
  input: structure({ ...providerMembers, TagKeys: iamTagKeys }),
  check: (input) => checkProviderArn(input),
  uses: [
    {
      on: 'entity',
      locate: locateProvider,
      permission: 'iam:UntagOpenIDConnectProvider',
      conditionKeys: ({ TagKeys }) => ({ 'aws:TagKeys': TagKeys }),
    },
  ],
  audit: {
    readOnly: false,
    parameters: ({ OpenIDConnectProviderArn, TagKeys }) => ({
      openIDConnectProviderArn: OpenIDConnectProviderArn,
      tagKeys: TagKeys,
    }),
  },
  async handler(input, { call, change }) {
    const provider = await requireProvider(change, call.principal.account, input)
    requireSome(input.TagKeys)
    const tags = withoutIdentityTags(provider.tags, input.TagKeys, 'minds case')
    await change.updateOidcProvider({ ...provider, tags })
  },
})

export const ListOpenIDConnectProviderTags = defineOperation({
  service: 'iam',
  name: 'ListOpenIDConnectProviderTags',
  input: structure({ ...providerMembers, ...pageMembers }),
  check: (input) => checkProviderArn(input),
  uses: [{ on: 'entity', locate: locateProvider, permission: 'iam:ListOpenIDConnectProviderTags' }],
  audit: {
    readOnly: true,
    parameters: (input) => ({
      openIDConnectProviderArn: input.OpenIDConnectProviderArn,
      marker: input.Marker,
      maxItems: input.MaxItems,
    }),
  },
  async handler(input, { call, store }) {
    const { tags } = await requireProvider(store, call.principal.account, input)
    const { items, end } = iamPageByPosition(input, 'ListOpenIDConnectProviderTags', sortedIamTags(tags))
    return { Tags: items, ...end }
  },
})
