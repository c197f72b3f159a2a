/** The OpenID Connect providers of the account; there are few, so AWS has no pages of them. */
import { structure } from '../../base/schema.ts'
import { defineOperation } from '../../pipeline/operation.ts'

export const ListOpenIDConnectProviders = defineOperation({
  service: 'iam',
  name: 'ListOpenIDConnectProviders',
  input: structure({}),
  uses: [
    {
      on: 'account',
      permission: 'iam:ListOpenIDConnectProviders',
      shownAs: (_input, account) => `arn:aws:iam::${account}:oidc-provider/*`,
    },
  ],
  audit: { readOnly: true },
  async handler(_input, { call, store }) {
    const providers = await store.listOidcProviders(call.principal.account)
    return { OpenIDConnectProviderList: providers.map(({ arn }) => ({ Arn: arn })) }
  },
})
