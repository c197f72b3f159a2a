/** The client ids (audiences) whose tokens count. Doing either twice changes nothing, as the API reference has it. */
import { structure } from '../../base/schema.ts'
import type { StoredOidcProvider } from '../../domain/identity/entities.ts'
import { defineChange, type Operation } from '../../pipeline/operation.ts'
import {
  checkClientIds,
  checkProviderArn,
  clientId,
  locateProvider,
  providerMembers,
  requireProvider,
} from '../shapes/iam-oidc-providers.ts'

type ClientIds = StoredOidcProvider['clientIds']

function changeClientIds(name: string, changed: (clientIds: ClientIds, clientId: string) => ClientIds): Operation {
  return defineChange({
    service: 'iam',
    name,
    input: structure({ ...providerMembers, ClientID: clientId }),
    check: (input) => checkProviderArn(input),
    uses: [{ on: 'entity', locate: locateProvider, permission: `iam:${name}` }],
    audit: {
      readOnly: false,
      parameters: ({ OpenIDConnectProviderArn, ClientID }) => ({
        openIDConnectProviderArn: OpenIDConnectProviderArn,
        clientID: ClientID,
      }),
    },
    async handler(input, { call, change }) {
      const provider = await requireProvider(change, call.principal.account, input)
      const clientIds = changed(provider.clientIds, input.ClientID)
      checkClientIds(clientIds)
      await change.updateOidcProvider({ ...provider, clientIds })
    },
  })
}

export const AddClientIDToOpenIDConnectProvider = changeClientIds(
  'AddClientIDToOpenIDConnectProvider',
  (clientIds, clientId) => [...new Set([...clientIds, clientId])],
)

export const RemoveClientIDFromOpenIDConnectProvider = changeClientIds(
  'RemoveClientIDFromOpenIDConnectProvider',
  (clientIds, clientId) => clientIds.filter((present) => present !== clientId),
)
