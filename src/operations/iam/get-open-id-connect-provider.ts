/** What is registered of an OpenID Connect provider. */
import { structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'
import { dateTime } from '../shapes/iam-answers.ts'
import { toIamTags } from '../shapes/iam-members.ts'
import {
  checkProviderArn,
  issuerOf,
  locateProvider,
  providerMembers,
  requireProvider,
} from '../shapes/iam-oidc-providers.ts'

export const GetOpenIDConnectProvider = defineOperation({
  service: 'iam',
  name: 'GetOpenIDConnectProvider',
  input: structure(providerMembers),
  check: (input) => checkProviderArn(input),
  uses: [{ on: 'entity', locate: locateProvider, permission: 'iam:GetOpenIDConnectProvider' }],
  audit: {
    readOnly: true,
    parameters: ({ OpenIDConnectProviderArn }) => ({ openIDConnectProviderArn: OpenIDConnectProviderArn }),
  },
  async handler(input, { call, store }) {
    const provider = await requireProvider(store, call.principal.account, input)
    return {
      // AWS leaves the scheme out here; there is no other than https.
      Url: issuerOf(provider.url),
      ClientIDList: provider.clientIds,
      ThumbprintList: provider.thumbprints,
      CreateDate: dateTime(provider.createdAt),
      Tags: toIamTags(provider.tags),
    }
  },
})
