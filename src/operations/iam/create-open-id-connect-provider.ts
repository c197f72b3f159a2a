/** Registers an OpenID Connect provider, whose tokens roles may trust from then on. */
import { list, optional, string, structure } from '../../base/schema.ts'
import { checkNewOidcProvider } from '../../domain/identity/entity-rules.ts'
import { checkIdentityTags } from '../../domain/identity/identity-tags.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { auditedIamTags, fromIamTags, hasTags, iamTagConditions, iamTags } from '../shapes/iam-members.ts'
import {
  checkClientIds,
  checkThumbprints,
  clientId,
  issuerOf,
  providerArn,
  thumbprints,
} from '../shapes/iam-oidc-providers.ts'

export const CreateOpenIDConnectProvider = defineChange({
  service: 'iam',
  name: 'CreateOpenIDConnectProvider',
  // In the order in which AWS was recorded to name what is wrong.
  input: structure({
    ClientIDList: optional(list(clientId)),
    ThumbprintList: optional(thumbprints),
    Url: string({ min: 1, max: 255 }),
    Tags: optional(iamTags),
  }),
  check({ Url, ClientIDList = [], ThumbprintList = [], Tags }) {
    issuerOf(Url)
    checkThumbprints(ThumbprintList)
    checkClientIds(ClientIDList)
    checkIdentityTags(fromIamTags(Tags), 'minds case')
  },
  uses: [
    {
      on: 'entity',
      locate: ({ Url }, { call }) => ({ arn: providerArn(call.principal.account, issuerOf(Url)) }),
      permission: 'iam:CreateOpenIDConnectProvider',
      conditionKeys: ({ Tags }) => iamTagConditions(Tags),
    },
    {
      on: 'entity',
      applies: ({ Tags }) => hasTags(Tags),
      locate: ({ Url }, { call }) => ({ arn: providerArn(call.principal.account, issuerOf(Url)) }),
      permission: 'iam:TagOpenIDConnectProvider',
      conditionKeys: ({ Tags }) => iamTagConditions(Tags),
    },
  ],
  audit: {
    readOnly: false,
    parameters: (input) => ({
      url: input.Url,
      clientIDList: input.ClientIDList,
      thumbprintList: input.ThumbprintList,
      tags: auditedIamTags(input.Tags),
    }),
    response: ({ OpenIDConnectProviderArn }) => ({ openIDConnectProviderArn: OpenIDConnectProviderArn }),
  },
  async handler({ Url, ClientIDList = [], ThumbprintList = [], Tags }, { resources: [{ arn }], call, change }) {
    const { account } = call.principal
    const provider = {
      account,
      arn,
      url: Url,
      clientIds: [...new Set(ClientIDList)],
      thumbprints: ThumbprintList,
      tags: fromIamTags(Tags),
      createdAt: call.time,
    }
    await checkNewOidcProvider(change, provider)
    await change.insertOidcProvider(provider)
    return { OpenIDConnectProviderArn: arn, Tags: Tags?.length ? Tags : undefined }
  },
})
