/** Replaces the certificate thumbprints of a provider; they are kept, but the configured authorities decide on trust. */
import { structure } from '../../base/schema.ts'
import { defineChange } from '../../pipeline/operation.ts'
import {
  checkProviderArn,
  checkThumbprints,
  locateProvider,
  providerMembers,
  requireProvider,
  thumbprints,
} from '../shapes/iam-oidc-providers.ts'

export const UpdateOpenIDConnectProviderThumbprint = defineChange({
  service: 'iam',
  name: 'UpdateOpenIDConnectProviderThumbprint',
  input: structure({ ...providerMembers, ThumbprintList: thumbprints }),
  check(input) {
    checkProviderArn(input)
    checkThumbprints(input.ThumbprintList)
  },
  uses: [{ on: 'entity', locate: locateProvider, permission: 'iam:UpdateOpenIDConnectProviderThumbprint' }],
  audit: {
    readOnly: false,
    parameters: ({ OpenIDConnectProviderArn, ThumbprintList }) => ({
      openIDConnectProviderArn: OpenIDConnectProviderArn,
      thumbprintList: ThumbprintList,
    }),
  },
  async handler(input, { call, change }) {
    const provider = await requireProvider(change, call.principal.account, input)
    await change.updateOidcProvider({ ...provider, thumbprints: input.ThumbprintList })
  },
})
