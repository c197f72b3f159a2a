/** Forgets an OpenID Connect provider: its tokens let nobody in any more. */
import { structure } from '../../base/schema.ts'
import { noSuchEntity } from '../../domain/identity/iam-errors.ts'
import { defineChange } from '../../pipeline/operation.ts'
import { checkProviderArn, locateProvider, providerMembers } from '../shapes/iam-oidc-providers.ts'

export const DeleteOpenIDConnectProvider = defineChange({
  service: 'iam',
  name: 'DeleteOpenIDConnectProvider',
  input: structure(providerMembers),
  check: (input) => checkProviderArn(input),
  uses: [{ on: 'entity', locate: locateProvider, permission: 'iam:DeleteOpenIDConnectProvider' }],
  audit: {
    readOnly: false,
    parameters: ({ OpenIDConnectProviderArn }) => ({ openIDConnectProviderArn: OpenIDConnectProviderArn }),
  },
  async handler({ OpenIDConnectProviderArn }, { call, change }) {
    const provider = await change.findOidcProvider(OpenIDConnectProviderArn)
    if (provider?.account !== call.principal.account) {
      throw noSuchEntity(`OpenId connect Provider ${OpenIDConnectProviderArn} cannot be found.`)
    }
    await change.deleteOidcProvider(provider)
  },
})
