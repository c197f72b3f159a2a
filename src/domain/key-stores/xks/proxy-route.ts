/**
 * Where the proxy of a store is. The API lets a caller choose a public name on port 443 and nothing else; whatever lies elsewhere,
 * the operator has put there (docs/external-key-stores.md).
 */
import { XKS_TIMEOUT_MS } from '../../../base/limits.ts'
import type { ExternalKeyStore } from '../custom-key-store.ts'
import { ProxyError } from './proxy-failure.ts'

/** What the operator says of one proxy. */
export interface ProxyPlace {
  /** Name or address to connect to, instead of the endpoint's. */
  readonly address?: string | undefined
  readonly port: number
  /** Its name may lead to a network of one's own. */
  readonly isPrivate: boolean
  /** PEM of the certificates to trust, instead of the public roots. */
  readonly ca?: string | undefined
  /** PEM: shown to a proxy that asks for a client certificate. */
  readonly certificate?: { readonly chain: string; readonly key: string } | undefined
  /** For one attempt. */
  readonly timeoutMs: number
}

export interface ProxyNetwork {
  /** By `https://host`, in lower case. */
  readonly endpoints: Readonly<Record<string, ProxyPlace>>
  /** By the name of the VPC endpoint service that it stands for. */
  readonly services: Readonly<Record<string, ProxyPlace>>
}

export const NO_PROXY_NETWORK: ProxyNetwork = Object.freeze({ endpoints: {}, services: {} })

/** Where nobody said otherwise: in the Internet, with a certificate that everybody trusts (XT-1, XT-2). */
export const PUBLIC_PLACE: ProxyPlace = Object.freeze({ port: 443, isPrivate: false, timeoutMs: XKS_TIMEOUT_MS })

export interface ProxyRoute extends ProxyPlace {
  /** As its certificate names it. */
  readonly host: string
}

/** @throws {ProxyError} for a VPC endpoint service that the operator does not have, or has without an address (XC-7). */
export function routeOf(store: ExternalKeyStore, { endpoints, services }: ProxyNetwork): ProxyRoute {
  const endpoint = store.uriEndpoint.toLowerCase()
  const host = endpoint.slice('https://'.length)
  if (store.connectivity === 'PUBLIC_ENDPOINT') return { ...(placeIn(endpoints, endpoint) ?? PUBLIC_PLACE), host }
  const name = store.vpcEndpointServiceName!
  const place = placeIn(services, name)
  if (place === undefined) throw new ProxyError('unknown service', `${name} is not configured`)
  if (place.address === undefined) throw new ProxyError('service without address', `${name} has no address`)
  return { ...place, host }
}

function placeIn(places: Readonly<Record<string, ProxyPlace>>, name: string): ProxyPlace | undefined {
  return Object.hasOwn(places, name) ? places[name] : undefined
}
