/** What a path asks for (keystores.md 3.2). The permitted characters need no escaping, so a path has one spelling (XS-2). */
import { XKS_URI_CHARS_MAX } from '../base/limits.ts'
import type { XksTenant } from './settings.ts'
import { uriPathOf } from './settings.ts'

export const KEY_CALLS = ['metadata', 'encrypt', 'decrypt'] as const
export type KeyCallName = (typeof KEY_CALLS)[number]

export type Route =
  | { readonly tenant: XksTenant; readonly call: 'health' }
  | { readonly tenant: XksTenant; readonly call: KeyCallName; readonly externalId: string }

const PATH = /^(.*\/kms\/xks\/v1)\/(?:health|keys\/(?!\.{1,2}\/)([A-Za-z0-9._-]{1,128})\/(metadata|encrypt|decrypt))$/

/** @returns what finds the route of a request target as it was sent; `undefined`: there is none, whoever asks. */
export function createRouter(tenants: readonly XksTenant[]): (target: string) => Route | undefined {
  const byPath = new Map(tenants.map((tenant) => [uriPathOf(tenant.prefix), tenant]))
  return (target) => {
    if (target.length > XKS_URI_CHARS_MAX) return undefined
    const [, uriPath = '', externalId, call] = PATH.exec(target) ?? []
    const tenant = byPath.get(uriPath)
    if (tenant === undefined) return undefined
    return externalId === undefined ? { tenant, call: 'health' } : { tenant, call: call as KeyCallName, externalId }
  }
}
